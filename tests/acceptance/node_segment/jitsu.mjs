// The story of tests/acceptance/segment_story.py, told with Jitsu's SDK in Node.
// Arguments: the collector's address, a key with a colon behind it. The SDK knows no alias and no screen: those two
// calls, and a batch, are posted as its own requests are.

import { jitsuAnalytics } from '@jitsu/js'

const [host, writeKey] = process.argv.slice(2)

function visitor(anonymousId) {
  const runtime = {
    store: () => {
      const kept = {}
      return {
        getItem: (name) => kept[name],
        setItem: (name, value) => { kept[name] = value },
        removeItem: (name) => { delete kept[name] },
        reset: () => {},
      }
    },
    pageUrl: () => 'https://shop.example/magazine',
    pageTitle: () => 'Magazine',
    referrer: () => undefined,
    language: () => 'de-CH',
    documentEncoding: () => 'UTF-8',
    getCookie: () => undefined,
    getCookies: () => ({}),
    userAgent: () => undefined,
    screen: () => undefined,
    timezoneOffset: () => 0,
  }
  const analytics = jitsuAnalytics({ host, writeKey, s2s: true, runtime, errorPolicy: 'rethrow' })
  analytics.setAnonymousId(anonymousId)
  return analytics
}

async function post(path, body) {
  const reply = await fetch(`${host}/api/s/s2s/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Write-Key': writeKey },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`)
}

const phone = visitor('anna-phone')
await phone.page({ name: 'Magazine' })
await phone.track('Product Viewed', { product_id: 'p1' })
await phone.identify('anna', { email: 'Anna@Example.ch', plan: 'pro' })
await phone.group('acme-ag', { industry: 'retail' })

const laptop = visitor('anna-laptop')
await laptop.track('Order Completed', {
  order_id: 'o1', revenue: 129.5, currency: 'CHF', context: { userId: 'anna',
    campaign: { name: 'autumn', source: 'google', medium: 'cpc' }, traits: { email: 'anna@example.ch' } },
})

await visitor('anna-tablet').track('Product Viewed', { product_id: 'p2' })
await post('alias', { userId: 'anna', previousId: 'anna-tablet', messageId: 'anna-alias' })
const screen = { type: 'screen', anonymousId: 'ben-phone', name: 'Home', properties: { tab: 2 }, messageId: 'ben-home' }
await post('batch', { batch: [screen] })
