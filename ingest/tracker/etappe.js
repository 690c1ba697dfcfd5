// The tracker: what pages load as /etappe.js and /etappe.mjs. docs/tracker.md says how it is used; `make tracker`
// makes the served file. ES2018 without dependencies. Nothing in here may throw into the page.
(function (window, document, navigator, location) {
  'use strict'

  const script = document.currentScript
  const earlier = window.etappe
  if (earlier && earlier.track) {
    // loaded twice: the first one counts, and takes the key of the other where it has none
    if (script && script.dataset.key) earlier.init(script.dataset)
    return
  }

  const NAME = '_etappe' // the cookie, the parameter of a hand-over, and what stored queues begin with
  const LIFETIME = 395 * 86400 // seconds; 13 months from the day the id was made, however often it is seen
  const HANDED = 120 // seconds that a hand-over is valid
  const HELD = 200 // touchpoints that wait for a connection or for consent; past it the oldest is dropped
  const BATCH = 16000 // characters of touchpoints in a batch
  const PARTING = 20000 // characters of a body; a browser takes 64 KB from a page that is going away
  const SOON = 250 // milliseconds in which touchpoints gather to a batch
  const LONGEST = 300000 // milliseconds between two attempts
  const IDENTIFIED = 'Identified'

  const settings = {}
  const tab = NAME + '.' + Math.random() // where this page stores what it has not yet delivered
  const early = [] // calls before the start
  const held = [] // touchpoints that wait for consent
  const away = new Set() // touchpoints on their way, which a beacon need not repeat
  let queue = [] // touchpoints to deliver
  let choice = {} // what was decided on analytics and linking; absent: nobody has asked
  let refused // analytics, on this page
  let started, id, made, handed, evidence
  let timer, flying
  let failures = 0
  let seq = 0
  let referrer = document.referrer
  let place, url, shown // the page view counted last

  // Public calls

  const calls = {
    init(options) {
      if (settings.key || !options.key) return
      Object.assign(settings, options)
      if (settings.consent === 'granted') settings.consent = ''
      if (document.prerendering) document.addEventListener('prerenderingchange', () => attempt(start), { once: true })
      else start()
    },

    page(properties, fields) {
      if (place) referrer = url
      place = here()
      url = address()
      shown = put('Page Viewed', properties, fields)
    },

    track: put,

    identify(who, traits) {
      if (who) put(IDENTIFIED, undefined, { identifiers: who && typeof who === 'object' ? who : { user_id: who }, traits })
    },

    consent(given) {
      for (const what of ['analytics', 'linking']) {
        const said = typeof given === 'boolean' ? given : given[what]
        if (typeof said === 'boolean') choice[what] = said
      }
      if ((refused = choice.analytics === false)) held.length = 0
      settle()
    },

    reset() {
      id = handed = evidence = held.length = 0
      settle()
    },
  }

  const etappe = {
    src: script ? script.src : '',
    push: (...several) => several.forEach((call) => attempt(() => etappe[call[0]](...call.slice(1)))),
    link: (address) => attempt(() => decorated(new URL(address, location)).href) || address,
    id: () => id || undefined,
  }
  for (const name in calls) {
    etappe[name] = (...given) => {
      try {
        if (started || name === 'init') calls[name](...given)
        else if (early.length < HELD) early.push([name, ...given])
      } catch (error) {
        console.warn('etappe.' + name, error)
      }
    }
  }

  // Start

  function start() {
    if (settings.consent) choice = { analytics: false, linking: false }
    takeHanded()
    restore()
    started = true
    const consents = early.filter(([name]) => name === 'consent')
    for (const [, given] of consents) etappe.consent(given)
    settle()
    takeStored()
    watch()
    if (is('pages', true)) attempt(viewed, true)
    for (const call of early.splice(0)) if (!consents.includes(call)) etappe.push(call)
    later(SOON)
  }

  // An option that is on or off; pages write it as text.
  function is(option, usual) {
    return option in settings ? String(settings[option]) !== 'false' : usual
  }

  function attempt(work, ...given) {
    try {
      return work(...given)
    } catch (_) {
      // storage that is blocked, a page that has replaced what the tracker builds on: the page goes on
    }
  }

  function random() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('')
  }

  function seconds() {
    return Math.floor(Date.now() / 1000)
  }

  // Consent and the id. The cookie is `<id>.<made>`, with `.1` or `.0` for linking where that was decided, or `0`
  // where a visitor refused what this page does without asking.

  function may(what) {
    const signal = navigator.globalPrivacyControl || navigator.doNotTrack === '1'
    return !(signal && is('respectSignals', true)) && choice.analytics !== false && choice[what] !== false
  }

  function restore() {
    const [known, since, linking] = attempt(() => document.cookie.match(/(?:^|; )_etappe=([^;]*)/)[1].split('.')) || []
    if (/^[0-9a-f]{32}$/.test(known) && seconds() - parseInt(since, 36) < LIFETIME && (linking || !settings.consent)) {
      id = known
      made = since
      if (linking) choice = { analytics: true, linking: linking === '1' }
    } else if (known === '0') {
      choice = { analytics: false, linking: false }
    }
  }

  // Brings the device into line with the decision.
  function settle() {
    if (!may('analytics')) {
      id = 0
      forget()
      if (choice.analytics === false && !settings.consent) write('0', LIFETIME)
      return
    }
    if (handed && may('linking')) {
      if (id && id !== handed) {
        evidence = handed
        admit({ ...touchpoint('Handed Over'), identifiers: { device_id: handed } }, handed)
      }
      id = id || handed
      handed = 0
    }
    if (!id) {
      id = random()
      made = 0
    }
    made = made || seconds().toString(36)
    const linking = 'analytics' in choice || 'linking' in choice ? (may('linking') ? '.1' : '.0') : ''
    write(id + '.' + made + linking, LIFETIME - seconds() + parseInt(made, 36))
    for (const each of held.splice(0)) admit(each)
  }

  function write(value, lifetime, domain = settings.cookieDomain) {
    attempt(() => {
      document.cookie = `${NAME}=${value}; Path=/; SameSite=Lax; Max-Age=${lifetime}${
        domain ? '; Domain=' + domain : ''
      }${location.protocol === 'https:' ? '; Secure' : ''}`
    })
  }

  function forget() {
    write('', 0)
    write('', 0, '')
    stored().forEach((name) => localStorage.removeItem(name))
  }

  // Touchpoints

  function put(event, properties, fields) {
    if (!event) return
    const found = touchpoint(event, properties, fields)
    admit(found)
    return found
  }

  // A copy, so that what the page does to its objects later changes nothing, and what is no JSON fails here.
  function touchpoint(event, properties, fields) {
    const page = { url: address(), referrer, title: document.title }
    const at = Date.now()
    return JSON.parse(
      JSON.stringify({ id: random(), event, at, seq: seq++, page, campaign: campaign(), ...fields, properties })
    )
  }

  function admit(found, device = id) {
    const analytics = may('analytics')
    const linking = may('linking')
    if (!(found.event === IDENTIFIED ? linking : analytics || settings.consent !== 'wait')) {
      if (!refused) keep(held, found)
      return
    }
    const names = linking ? { ...found.identifiers } : {}
    delete found.identifiers
    if (analytics) {
      found.identifiers = { ...names, anonymous_id: device }
      if (evidence && device === id) {
        found.identifiers.device_id = evidence
        evidence = 0
      }
    }
    if (!analytics || !is('respectSignals', true) || 'analytics' in choice || 'linking' in choice) found.consent = { analytics, linking }
    keep(queue, found)
    save()
    if (!timer && !flying) later(SOON)
  }

  function keep(list, found) {
    list.push(found)
    if (list.length > HELD) list.shift()
  }

  function campaign() {
    const parameters = new URLSearchParams(location.search)
    let found
    for (const field of ['source', 'medium', 'name', 'term', 'content']) {
      const value = parameters.get('utm_' + (field === 'name' ? 'campaign' : field))
      if (value) found = { ...found, [field]: value }
    }
    return found
  }

  // Delivery: a touchpoint leaves the queue when a reply says what became of it. Until then it is sent again,
  // with the same id, so that it is counted once.

  function later(delay) {
    clearTimeout(timer)
    timer = setTimeout(attempt, delay, send)
  }

  function send() {
    timer = 0
    if (flying || !queue.length) return
    const batch = (flying = batchOf(queue))
    const body = bodyOf(batch)
    const keepalive = body.length < PARTING && !failures
    if (keepalive) batch.forEach((each) => away.add(each))
    post(body, keepalive).then(
      ({ status, headers }) => {
        if (status >= 500 || status === 408 || status === 429) return failed(batch, headers.get('Retry-After'))
        queue = queue.filter((each) => !batch.includes(each))
        failures = 0
        landed(batch)
        if (queue.some((each) => !away.has(each))) later(0)
      },
      () => failed(batch)
    )
  }

  async function post(body, keepalive) {
    const signal = AbortSignal.timeout && AbortSignal.timeout(30000)
    return fetch(endpoint(), { method: 'POST', body, keepalive, signal, credentials: 'omit' })
  }

  function landed(batch) {
    flying = 0
    batch.forEach((each) => away.delete(each))
    save()
  }

  function failed(batch, after) {
    landed(batch)
    const usual = Math.min(LONGEST, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2)
    const wanted = after ? (after > 0 ? after * 1000 : Date.parse(after) - Date.now()) || 0 : 0
    later(Math.max(usual, Math.min(wanted, LONGEST * 12)))
  }

  function batchOf(list) {
    let length = 0
    return list.filter((each, index) => (length += JSON.stringify(each).length) < BATCH || !index)
  }

  function bodyOf(batch) {
    // an application often sets the title after it has changed the address
    if (shown && place[0] === location.pathname) shown.page.title = document.title
    return JSON.stringify({ key: settings.key, events: batch.map((each) => ({ ...each, sent_at: Date.now() })) })
  }

  function endpoint() {
    const { endpoint: given } = settings
    return new URL('b', given ? given.replace(/\/*$/, '/') : etappe.src || location).href
  }

  // The page may not come back: what is not yet on its way goes as a beacon. Nobody hears what became of it, so it
  // stays where it is and is sent again if there is a next time.
  function leave() {
    clearTimeout(timer)
    timer = 0
    let left
    while ((left = batchOf(queue.filter((each) => !away.has(each)))).length) {
      navigator.sendBeacon(endpoint(), bodyOf(left))
      left.forEach((each) => away.add(each))
    }
    save()
  }

  function stored() {
    return attempt(() => Object.keys(localStorage).filter((name) => name.startsWith(NAME + '.'))) || []
  }

  function save() {
    attempt(() => {
      if (may('analytics') && queue.length) localStorage.setItem(tab, JSON.stringify(queue))
      else localStorage.removeItem(tab)
    })
  }

  // What other pages of this site left behind. One that is still open loses nothing: copies are counted once.
  function takeStored() {
    for (const name of stored()) {
      if (name === tab) continue
      const left = localStorage.getItem(name)
      localStorage.removeItem(name)
      attempt(() => (queue = JSON.parse(left).concat(queue).slice(-HELD)))
    }
    save()
  }

  // Pages

  function here() {
    return [location.pathname, location.search, is('hash', false) ? location.hash : '']
  }

  // `replaced`: an application that keeps its state in the query shows no other page with each letter typed.
  function viewed(replaced) {
    const now = here()
    if (!place || now[0] !== place[0] || (now[1] !== place[1] && !replaced) || now[2] !== place[2]) etappe.page()
  }

  function watch() {
    if (is('pages', true)) {
      for (const name of ['pushState', 'replaceState']) {
        const original = history[name]
        history[name] = function () {
          const result = original.apply(this, arguments)
          attempt(viewed, name === 'replaceState')
          return result
        }
      }
      listen(window, ['popstate', 'hashchange'], () => viewed())
    }
    listen(window, ['pagehide'], leave)
    listen(document, ['visibilitychange'], () => (document.visibilityState === 'hidden' ? leave() : later(SOON)))
    listen(window, ['pageshow'], ({ persisted }) => {
      if (persisted && is('pages', true)) etappe.page()
      if (persisted) later(SOON)
    })
    listen(window, ['online'], () => flying || later(0))
    listen(window, ['click', 'auxclick', 'contextmenu'], (event) => {
      const link = event.composedPath()[0].closest('a[href],area[href]')
      if (link) decorated(link)
    })
  }

  function listen(target, names, work) {
    for (const name of names) target.addEventListener(name, (event) => attempt(work, event), true)
  }

  // Hand-over to another domain of the company's: the link carries this device's id, for two minutes.

  function decorated(link) {
    if (!id || !may('linking') || !near(link.hostname)) return
    const query = bare(link.search)
    link.search = (query ? query + '&' : '?') + NAME + '=' + id + '.' + seconds().toString(36)
    return link
  }

  // Only from a page that the link may stand on: an address that somebody passed on has no such referrer.
  function takeHanded() {
    const found = location.search.match(/[?&]_etappe=(?:([0-9a-f]{32})\.([0-9a-z]+))?/)
    if (!found) return
    const recent = Math.abs(seconds() - parseInt(found[2], 36)) < HANDED
    if (recent && attempt(() => near(new URL(document.referrer).hostname))) handed = found[1]
    attempt(() => history.replaceState(history.state, '', address()))
  }

  function near(host) {
    const domains = (settings.domains || '').split(/[\s,]+/)
    return host !== location.hostname && domains.some((each) => each && ('.' + host).endsWith('.' + each))
  }

  function bare(url) {
    return url.replace(/([?&])_etappe=[^&#]*(&?)/, (_, before, after) => (after ? before : ''))
  }

  function address() {
    return bare(location.href)
  }

  window.etappe = etappe
  if (Array.isArray(earlier)) etappe.push(...earlier)
  if (script && script.dataset.key) etappe.init(script.dataset)
})(window, document, navigator, location)
