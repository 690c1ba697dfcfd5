-- To which accounts a customer belonged when, and what of its journeys counts for which.
-- Part of a statement. Binds nothing.
arraySort(arrayDistinct(named)) AS accounts,
arrayMap((name, before) -> name != before, named, arrayShiftRight(named, 1)) AS changed,
arrayFilter((name, c) -> c, named, changed) AS account_names,
arrayFilter((at, c) -> c, arrayFilter((at, is) -> is, at_ms, is_named), changed) AS account_since,
-- A touchpoint that names no account counts for the one named last at or before its time, or else for the
-- first: so of equal times those that name one come first. Empty unless the customer has several accounts.
if(length(accounts) > 1, at_ms, []) AS told_at,
arrayResize(is_named, length(told_at)) AS is_told,
arrayMap((is, n) -> if(is, named[n], ''), is_told, arrayCumSum(is_told)) AS told,
arraySort((n, at, name) -> (at, name = '', n), arrayEnumerate(told), told_at, told) AS order_told,
arraySort((name, at, n) -> (at, name = '', n), told, told_at, arrayEnumerate(told)) AS told_in_order,
arraySort(
    (name, n) -> n,
    arrayReverseFill(name -> name != '', arrayFill(name -> name != '', told_in_order)), order_told
) AS belongs,
-- What counts for which account: (account, place, journey, ms, phases, values), by account and place.
arraySort(each -> (each.1, each.2), arrayMap(
    (name, n, journey, at, phases, channel, campaign, source, met, device, country) -> (
        name, n, journey, at, phases,
        [channel, campaign, source, contacts[1 + bitAnd(met, 3)], device, country]
    ),
    belongs, arrayEnumerate(belongs), arrayCumSum(arrayResize(starts, length(belongs))), told_at,
    arrayResize(phases_of, length(belongs)), arrayResize(channels, length(belongs)),
    arrayResize(campaigns, length(belongs)), arrayResize(sources, length(belongs)),
    arrayResize(mets, length(belongs)), arrayResize(devices, length(belongs)),
    arrayResize(countries, length(belongs))
)) AS shares,
arrayMap(each -> (each.1, each.3), shares) AS parts,
arrayMap((part, before) -> part != before, parts, arrayShiftRight(parts, 1)) AS part_starts,
arrayShiftLeft(part_starts, 1, true) AS part_ends
