-- Views for BI tools: stable names, customers resolved, answers of the active builds and of their identities alone.
-- They run with the rights of whoever migrates, so that a reader needs to be granted these views and no table.

ALTER TABLE builds
    ADD COLUMN IF NOT EXISTS phases Array(String) COMMENT 'names of the phases, in order',
    ADD COLUMN IF NOT EXISTS conversion String COMMENT 'the phase that is the goal';

CREATE OR REPLACE VIEW bi_v1_models DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT workspace, model, build, model_version, phases, conversion, generation
FROM builds FINAL
WHERE toString(state) = 'active';

CREATE OR REPLACE VIEW bi_v1_touchpoints DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    workspace,
    lower(leftPad(hex(if(
        empty(owners), owner,
        owners[greatest(1, arrayLastIndex(moment -> moment <= toUnixTimestamp64Milli(at), owned_since))])), 16, '0')) AS customer,
    id, at, stamp AS received_at, event, channel, contact, offline, account, page_url, page_path, page_title, page_referrer,
    campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content, value, currency, sentiment,
    device_type, device_browser, device_os, country, properties, source
FROM
(
    SELECT
        *,
        if(
            consent_linking AND (workspace, identifier) IN (
                SELECT workspace, identifier FROM banned FINAL
                WHERE held AND (workspace, generation) IN (
                    SELECT workspace, generation FROM builds FINAL WHERE toString(state) = 'active')),
            arrayFirst(each -> (workspace, each) NOT IN (
                SELECT workspace, identifier FROM banned FINAL
                WHERE held AND (workspace, generation) IN (
                    SELECT workspace, generation FROM builds FINAL WHERE toString(state) = 'active')), identifiers),
            0) AS better,
        if(better = 0, identifier, better) AS owner
    FROM touchpoints FINAL
    WHERE NOT bot
) AS owned
LEFT JOIN
(
    SELECT workspace, identifier AS owner, since AS owned_since, customer AS owners
    FROM identities FINAL
    WHERE (workspace, generation) IN (SELECT workspace, generation FROM builds FINAL WHERE toString(state) = 'active')
) AS timelines USING (workspace, owner);

CREATE OR REPLACE VIEW bi_v1_customers DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    workspace, lower(leftPad(hex(customer), 16, '0')) AS customer, fromUnixTimestamp64Milli(first_at, 'UTC') AS first_at,
    fromUnixTimestamp64Milli(last_at, 'UTC') AS last_at, length(started) AS journeys, touchpoints, value, accounts
FROM journeys FINAL
WHERE (workspace, build) IN (
    SELECT workspace, min(build) FROM builds FINAL WHERE toString(state) = 'active' GROUP BY workspace);

CREATE OR REPLACE VIEW bi_v1_journeys DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    workspace, model, model_version, lower(leftPad(hex(customer), 16, '0')) AS customer, number AS journey,
    fromUnixTimestamp64Milli(began, 'UTC') AS started_at, fromUnixTimestamp64Milli(over, 'UTC') AS ended_at,
    size AS touchpoints, worth AS value, deepest AS furthest_position, phases[deepest] AS furthest_phase,
    indexOf(phases, conversion) > 0 AND reached_at[indexOf(phases, conversion)] >= 0 AS converted,
    first_channels AS first_channel, last_channels AS last_channel, first_campaigns AS first_campaign,
    first_sources AS first_source, first_contacts AS first_contact, first_devices AS first_device,
    first_countries AS first_country
FROM
(
    SELECT
        workspace, build, customer, number, began, over, size, worth, deepest, reached_at, first_channels, last_channels,
        first_campaigns, first_sources, first_contacts, first_devices, first_countries
    FROM journeys FINAL
    ARRAY JOIN
        arrayEnumerate(started) AS number, started AS began, ended AS over, sizes AS size, values AS worth,
        furthests AS deepest, milestones AS reached_at, first_channel AS first_channels, last_channel AS last_channels,
        first_campaign AS first_campaigns, first_source AS first_sources, first_contact AS first_contacts,
        first_device AS first_devices, first_country AS first_countries
) AS told
INNER JOIN bi_v1_models AS answering USING (workspace, build);

CREATE OR REPLACE VIEW bi_v1_phases DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    workspace, model, lower(leftPad(hex(customer), 16, '0')) AS customer, journey, position, phases[position] AS phase,
    fromUnixTimestamp64Milli(moment, 'UTC') AS reached_at
FROM
(
    SELECT workspace, build, customer, journey, moment, position
    FROM
    (
        SELECT workspace, build, customer, journey, moments
        FROM journeys FINAL
        ARRAY JOIN arrayEnumerate(started) AS journey, milestones AS moments
    )
    ARRAY JOIN moments AS moment, arrayEnumerate(moments) AS position
    WHERE moment != -1
) AS reached
INNER JOIN bi_v1_models AS answering USING (workspace, build);

CREATE OR REPLACE VIEW bi_v1_funnel DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    workspace, model, model_version, position, phases[position] AS phase, countIf(furthest >= position) AS customers,
    countIf(furthest >= position) / greatest(countIf(furthest >= 1), 1) AS rate, countIf(furthest = position) AS dropped
FROM
(
    SELECT workspace, model, model_version, phases, furthest, position
    FROM
    (
        SELECT workspace, build, furthest FROM journeys FINAL
    ) AS told
    INNER JOIN bi_v1_models AS answering USING (workspace, build)
    ARRAY JOIN arrayEnumerate(phases) AS position
)
GROUP BY workspace, model, model_version, position, phase;
