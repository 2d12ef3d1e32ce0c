import { html } from 'hono/html'
import type { BreakerId } from '../../fleet/admin.ts'
import { type CommandName, PERIODS } from '../command.ts'
import type { Html } from './format.ts'
import { breakerUrl, removalUrl } from './urls.ts'

interface Choice {
  readonly command: CommandName
  readonly label: string
  readonly effect: string
  /** Needs no reason: it goes back to normal. */
  readonly relief?: boolean
}

const TIMED: readonly Choice[] = [
  { command: 'isolate', label: 'Isolate', effect: 'Rejects every call, then probes decide' },
  { command: 'disable', label: 'Disable', effect: 'Lets every call through, records nothing' },
  { command: 'metrics-only', label: 'Metrics only', effect: 'Records, but never rejects' },
]
const NOW: readonly Choice[] = [
  { command: 'force-open', label: 'Force open', effect: 'Rejects every call until lifted' },
  { command: 'open', label: 'Open once', effect: 'Opens for its own cooldown, then probes decide' },
  { command: 'close', label: 'Close', effect: 'Closes, and lifts the override', relief: true },
  {
    command: 'lift',
    label: 'Lift override',
    effect: 'Ends an isolation or other order',
    relief: true,
  },
  { command: 'reset', label: 'Reset', effect: 'Closes with an empty log, as if new', relief: true },
]

/** The operator's buttons: one form, so that a reason and a time are typed once. */
export function controls(base: string, id: BreakerId): Html {
  return html`<form method="post" action="${breakerUrl(base, id)}">
    <label class="field"><span>Reason</span><input name="reason" required maxlength="255" autocomplete="off" placeholder="For whoever reads the audit log"></label>
    <fieldset><legend>For a time</legend>
      <label class="field inline"><span>How long</span><select name="for">${PERIODS.map(
        ([value, label]) =>
          html`<option value="${value}" ${value === '15m' ? html`selected` : ''}>${label}</option>`,
      )}</select></label>
      ${TIMED.map(action)}
    </fieldset>
    <fieldset><legend>At once</legend>${NOW.map(action)}</fieldset>
  </form>
  <form method="post" action="${removalUrl(base, id)}">
    <fieldset><legend>For good</legend>
      <label class="field"><span>Reason for removing it</span><input name="reason" required maxlength="255" autocomplete="off"></label>
      <label class="field inline"><input type="checkbox" name="confirm" value="yes" required><span>Delete its row, whatever its status</span></label>
      <p class="action"><button aria-describedby="does-remove">Remove</button><span id="does-remove">Whoever uses it starts anew; its audit log stays</span></p>
    </fieldset>
  </form>`
}

function action({ command, label, effect, relief }: Choice): Html {
  return html`<p class="action"><button name="command" value="${command}" ${relief ? html`formnovalidate` : ''} aria-describedby="does-${command}">${label}</button><span id="does-${command}">${effect}</span></p>`
}
