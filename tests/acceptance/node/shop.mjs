// The story of tests/acceptance/segment_story.py, told with the official Node SDK.
// Arguments: the collector's address, a write key.

import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 3 })
const errors = []
analytics.on('error', (error) => errors.push(error))

const page = { path: '/magazine', url: 'https://shop.example/magazine', title: 'Magazine' }
analytics.page({ anonymousId: 'anna-phone', name: 'Magazine', properties: page })
analytics.track({ anonymousId: 'anna-phone', event: 'Product Viewed', properties: { product_id: 'p1' } })
analytics.identify({ userId: 'anna', anonymousId: 'anna-phone', traits: { email: 'Anna@Example.ch', plan: 'pro' } })
analytics.track({
  userId: 'anna',
  anonymousId: 'anna-laptop',
  event: 'Order Completed',
  properties: { order_id: 'o1', revenue: 129.5, currency: 'CHF' },
  context: { campaign: { name: 'autumn', source: 'google', medium: 'cpc' } },
})
analytics.track({ anonymousId: 'anna-tablet', event: 'Product Viewed', properties: { product_id: 'p2' } })
analytics.alias({ previousId: 'anna-tablet', userId: 'anna', messageId: 'anna-alias' })
analytics.group({ userId: 'anna', groupId: 'acme-ag', traits: { industry: 'retail' } })
analytics.screen({ anonymousId: 'ben-phone', name: 'Home', properties: { tab: 2 }, messageId: 'ben-home' })

await analytics.closeAndFlush({ timeout: 20000 })
if (errors.length > 0) {
  console.error(errors)
  process.exit(1)
}
