import { render } from 'preact'
import { App } from './app.tsx'
import { createControl } from './control/call.ts'
import { createLive } from './control/live.ts'

const token = new URLSearchParams(location.search).get('token')
const control = createControl(token)
const elapsed = (): number => performance.now()
const live = createLive({
  control,
  events: token === null ? '/_dev/events' : `/_dev/events?token=${encodeURIComponent(token)}`,
  elapsed,
  nextFrame: (run) => requestAnimationFrame(run),
})

const place = document.querySelector('#console')
if (place !== null) render(<App control={control} live={live} elapsed={elapsed} />, place)
