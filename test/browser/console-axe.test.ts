import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { taken } from '../dev/started.ts'
import { openConsole } from './open-console.ts'
import { placesOf, settle } from './places.ts'

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`axe finds nothing on any page, ${colorScheme}, ${width} pixels wide`, async (t) => {
      const viewport = { width, height: 860 }
      const opened = await openConsole(t, { colorScheme, viewport })
      if (opened === undefined) return
      const { emulator, page, go } = opened
      const found: string[] = []
      const look = async (place: string): Promise<void> => {
        await go(place)
        await settle(page)
        const { violations } = await new AxeBuilder({ page }).analyze()
        for (const { id, nodes } of violations) {
          found.push(`${place}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)
        }
        const [scrolled, shown] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ])
        if ((scrolled ?? 0) > (shown ?? 0)) found.push(`${place}: is wider than the window`)
      }
      for (const empty of ['requests', 'sessions']) await look(empty)
      for (const place of await placesOf(emulator)) await look(place)
      taken(await emulator.control('POST', '/_dev/clock', { action: 'advance', by: '16m' }))
      await page.getByText('The clock is 16 minutes ahead.').waitFor()
      await look('clock')
      assert.deepEqual(found, [])
    })
  }
}
