/**
 * The look of every page: the system's own type, light or dark as the reader's system is, and fit
 * for paper.
 */
export const STYLE: string = `
:root {
  color-scheme: light dark;
  --bg: #f5f6f8; --card: #fff; --line: #e2e5ea; --edge: #c3c9d3; --text: #14171c; --muted: #59616e; --accent: #3451c7; --on-accent: #fff;
  --open: #c02626; --open-tint: #fdecec; --half: #935500; --half-tint: #fff2dc; --closed: #18764a; --closed-tint: #e5f5ec;
  --hand: #6239c9; --hand-tint: #f0ebff; --bar: #8fc9aa; --track: #e9ecf0; --shadow: 0 1px 2px #1018280d, 0 1px 8px #1018280a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0c0e12; --card: #14171d; --line: #252a33; --edge: #3d4552; --text: #e8ebf0; --muted: #9ba5b4; --accent: #93a9ff; --on-accent: #0c0e12;
    --open: #ff8a85; --open-tint: #391a1d; --half: #ffc069; --half-tint: #33260f; --closed: #63d297; --closed-tint: #11291d;
    --hand: #b9a6ff; --hand-tint: #241e3f; --bar: #2f6b4b; --track: #232831; --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums; }
a { color: inherit; text-decoration-color: var(--edge); text-underline-offset: .2em; }
a:hover { color: var(--accent); text-decoration-color: currentColor; }
h1, h2, p, ul, dl, dd, fieldset { margin: 0; padding: 0; }
h2 { font-size: 15px; font-weight: 600; letter-spacing: -.005em; }
ul { list-style: none; }
fieldset { border: 0; min-width: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.sr { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 16px; top: -60px; padding: 8px 14px; background: var(--card); border-radius: 8px; z-index: 1; }
.skip:focus { top: 12px; }
.note, .none, .of, .ago + .note { color: var(--muted); }
.note { display: block; font-size: 13px; line-height: 1.45; }
.note:empty { display: none; }
.mono, .key, .title { overflow-wrap: anywhere; }
.is-OPEN { --tone: var(--open); --tint: var(--open-tint); }
.is-DUE, .is-HALF_OPEN { --tone: var(--half); --tint: var(--half-tint); }
.is-CLOSED { --tone: var(--closed); --tint: var(--closed-tint); }
.is-lax { --tone: var(--hand); --tint: var(--hand-tint); }

.masthead, main { max-width: 1280px; margin: 0 auto; padding: 0 32px; }
.masthead { display: flex; align-items: center; justify-content: space-between; gap: 16px; min-height: 72px; }
.brand { display: flex; white-space: nowrap; font-size: 16px; font-weight: 650; letter-spacing: -.01em; }
.brand, .brand a { align-items: center; gap: 11px; }
.brand a { display: flex; text-decoration: none; }
.mark rect { fill: var(--accent); } .mark path { fill: none; stroke: var(--on-accent); stroke-width: 3; stroke-linecap: round; } .mark circle { fill: var(--on-accent); }
.live { display: flex; align-items: center; gap: 9px; color: var(--muted); font-size: 13px; }
.live[hidden] { display: none; }
.pulse { width: 8px; height: 8px; border-radius: 50%; background: var(--closed); }
.live.paused .pulse { background: none; border: 2px solid var(--muted); } .live.late .pulse { background: var(--open); border-radius: 1px; }
.live button { margin-left: 3px; padding: 3px 10px; min-height: 28px; font-size: 13px; }
main { padding-bottom: 64px; }

.tiles { display: grid; grid-template-columns: repeat(5, 1fr); gap: 14px; }
.tile { display: block; padding: 16px 20px 15px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; text-decoration: none; box-shadow: var(--shadow); }
.tile:hover { border-color: var(--edge); color: inherit; }
.tile[aria-current] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.tile .count { display: block; font-size: 30px; line-height: 1.2; font-weight: 620; letter-spacing: -.025em; }
.tile .label { display: flex; align-items: center; gap: 7px; color: var(--muted); font-size: 14px; }
.tile .icon { color: var(--tone); }
.icon { flex: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.icon .solid { fill: currentColor; stroke: none; } .icon .cut { stroke: var(--tint, var(--card)); stroke-width: 1.7; }
.tile .icon { --tint: var(--card); }

.toolbar { display: flex; flex-wrap: wrap; align-items: end; gap: 12px; margin: 22px 0 14px; }
.field { display: grid; gap: 5px; font-size: 13px; color: var(--muted); }
.field.grow { flex: 1 1 260px; }
.field.inline { display: flex; align-items: center; justify-content: space-between; gap: 12px; margin-bottom: 4px; }
input, select, button, .button { font: inherit; font-size: 14px; min-height: 38px; border-radius: 9px; border: 1px solid var(--edge); background: var(--card); color: var(--text); padding: 7px 12px; }
input, select { width: 100%; } input[type=checkbox] { flex: none; width: 18px; min-height: 18px; margin: 0; } select { max-width: 260px; text-overflow: ellipsis; }
.inline select { width: auto; }
::placeholder { color: var(--muted); opacity: .85; }
button, .button { font-weight: 550; cursor: pointer; text-decoration: none; white-space: nowrap; display: inline-flex; align-items: center; justify-content: center; }
button:hover, .button:hover { border-color: var(--accent); color: var(--accent); }
.quiet { border-color: transparent; background: none; color: var(--muted); }

.breakers, .audit { width: 100%; border-collapse: collapse; text-align: left; font-size: 14px; }
.breakers { background: var(--card); border-radius: 14px; box-shadow: 0 0 0 1px var(--line), var(--shadow); }
thead th { padding: 11px 14px; font-size: 12.5px; font-weight: 500; color: var(--muted); white-space: nowrap; border-bottom: 1px solid var(--line); }
.breakers td, .breakers tbody th { padding: 13px 14px; vertical-align: top; font-weight: 400; }
.breakers tr > :first-child { padding-left: 22px; } .breakers tr > :last-child { padding-right: 22px; }
.breakers tbody tr + tr > * { border-top: 1px solid var(--line); }
.breakers tbody th { width: 24%; min-width: 170px; }
.breakers tbody tr:not(.is-CLOSED) > th { box-shadow: inset 3px 0 var(--tone); }
.breakers tbody tr:first-child > th { border-top-left-radius: 0; } .breakers tbody tr:last-child > th { border-bottom-left-radius: 14px; }
.breakers tbody tr:hover > * { background: color-mix(in srgb, var(--track) 40%, transparent); }
.key { font-weight: 600; text-decoration: none; } .key:hover { text-decoration: underline; }
.namespace { display: block; color: var(--muted); font-size: 13px; overflow-wrap: anywhere; }
.badge { display: inline-flex; align-items: center; gap: 6px; padding: 2px 11px 2px 7px; border-radius: 99px; background: var(--tint); color: var(--tone); font-weight: 600; font-size: 13px; line-height: 20px; white-space: nowrap; }
.badge .icon { width: 14px; height: 14px; }
td .badge + .note { margin-top: 4px; }
.countdown, .rate b, .when { white-space: nowrap; }
.strip { display: block; margin-top: 1px; } .outcomes .strip { width: auto; max-width: 100%; height: 34px; }
.strip .free { fill: var(--edge); } .strip .success { fill: var(--bar); } .strip .failure { fill: var(--open); }
.rate { display: flex; align-items: center; gap: 9px; } .rate b { font-weight: 600; }
.meter { flex: none; } .meter .track { fill: var(--track); } .meter .fill { fill: var(--muted); } .meter.over .fill { fill: var(--open); } .is-DUE .meter.over .fill, .is-lax .meter.over .fill { fill: var(--tone); } .meter .limit { fill: var(--text); }
.override { display: inline-block; padding: 1px 9px; border-radius: 6px; background: var(--hand-tint); color: var(--hand); font-weight: 600; font-size: 13px; white-space: nowrap; }
.when { font-size: 13px; color: var(--muted); } .actor { font-weight: 550; color: var(--text); } .reason, .actor { overflow-wrap: anywhere; }
.breakers .when + .note:not(:empty) { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; max-width: 240px; margin-top: 2px; }
.ago, .live { white-space: nowrap; } .breakers .exact, .when .exact { display: none; }
.exact { color: var(--muted); font-size: 13px; }
.nothing { padding: 64px 24px; text-align: center; color: var(--muted); background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
.nothing p:first-child { color: var(--text); font-weight: 600; }
.pager { display: flex; justify-content: flex-end; gap: 10px; margin-top: 16px; }

.crumbs { color: var(--muted); font-size: 14px; margin-top: 4px; } .crumbs span { margin: 0 3px; }
.title { font-size: 27px; line-height: 1.25; font-weight: 650; letter-spacing: -.02em; margin: 2px 0 20px; }
.done { margin: 0 0 16px; padding: 11px 16px; border-radius: 10px; background: var(--closed-tint); color: var(--closed); font-weight: 550; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 20px 24px 22px; box-shadow: var(--shadow); margin-bottom: 18px; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 348px; gap: 18px; align-items: start; }
.now { display: flex; align-items: center; flex-wrap: wrap; gap: 6px 14px; } .now .badge { font-size: 16px; line-height: 26px; padding: 3px 16px 3px 11px; gap: 8px; } .now .badge .icon { width: 18px; height: 18px; }
.headline::first-letter { text-transform: uppercase; } .headline { font-size: 17px; font-weight: 550; letter-spacing: -.01em; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, auto)); gap: 18px 36px; margin: 20px 0 22px; justify-content: start; }
dt { color: var(--muted); font-size: 13px; margin-bottom: 2px; } .facts dd { font-size: 15px; max-width: 340px; }
.outcomes h2 { color: var(--muted); font-size: 13px; font-weight: 400; margin-bottom: 7px; }
.head { display: flex; justify-content: space-between; align-items: center; gap: 12px; margin-bottom: 14px; }
.ranges { display: flex; gap: 2px; background: var(--track); border-radius: 9px; padding: 2px; font-size: 13px; }
.ranges a { display: block; padding: 3px 12px; border-radius: 7px; text-decoration: none; color: var(--muted); } .ranges a[aria-current] { background: var(--card); color: var(--text); font-weight: 600; box-shadow: var(--shadow); }
.timeline { display: block; width: 100%; height: 72px; border-radius: 4px; }
.timeline .ground { fill: var(--track); opacity: .6; } .timeline .is-OPEN, .timeline .is-DUE, .timeline .is-HALF_OPEN { fill: var(--tone); } .timeline .is-CLOSED { fill: var(--bar); }
.timeline .is-HALF_OPEN { opacity: .85; } .timeline .is-DUE { opacity: .45; } .mark-hand { fill: var(--hand); }
.axis { display: flex; margin-top: 6px; color: var(--muted); font-size: 12.5px; } .axis li { flex: 1 1 0; white-space: nowrap; } .axis li:last-child { flex: none; }
.timeline .tick { fill: var(--bg); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 22px; margin-top: 12px; font-size: 13px; color: var(--muted); }
.legend li { display: flex; align-items: center; gap: 7px; --tint: var(--card); } .legend .icon { color: var(--tone); } .legend b { color: var(--text); font-weight: 600; }
.by-hand > span { width: 3px; height: 12px; background: var(--hand); }
#timeline > .note, #settings > .note { margin-top: 12px; }
.audit { margin-top: 8px; } .audit thead th { padding-inline: 0 16px; }
.audit td { padding: 10px 16px 10px 0; vertical-align: top; border-bottom: 1px solid var(--line); } .audit tr:last-child td { border-bottom: 0; }
.audit td:first-child { white-space: nowrap; } .audit .badge { margin-block: -2px; vertical-align: bottom; } .from, .stays, [aria-label="to"] { color: var(--muted); }
.settings { display: grid; gap: 12px; margin-top: 12px; font-size: 14px; }
.controls h2 { margin-bottom: 12px; } .controls fieldset { margin-top: 20px; } legend { padding: 0; font-size: 13px; font-weight: 600; margin-bottom: 8px; }
.action { display: grid; grid-template-columns: 116px 1fr; gap: 12px; align-items: center; margin-top: 8px; font-size: 13px; line-height: 1.35; color: var(--muted); }
.action button { padding-inline: 8px; }
.problem { max-width: 560px; padding-top: 18vh; } .problem h1 { font-size: 27px; letter-spacing: -.02em; margin-bottom: 8px; } .problem p { color: var(--muted); } .problem .code { font-weight: 600; } .problem p + p { margin-top: 16px; }

@media (max-width: 1080px) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .breakers th, .breakers td { padding-inline: 12px; }
}
@media (max-width: 900px) {
  .masthead, main { padding-inline: 16px; } .masthead { flex-wrap: wrap; gap: 2px 8px; padding-block: 12px; min-height: 64px; }
  .axis li:nth-child(even):not(:last-child) { visibility: hidden; } .axis li { min-width: 0; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 10px; } .tiles > :first-child { grid-column: 1 / -1; } .tile { padding: 12px 16px; } .tile .count { font-size: 25px; }
  .breakers, .breakers tbody, .breakers tr, .breakers th, .breakers td, .audit, .audit tbody, .audit tr, .audit td { display: block; }
  .breakers thead, .audit thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .breakers { background: none; box-shadow: none; }
  .breakers tbody tr { background: var(--card); border: 1px solid var(--line); border-radius: 14px; margin-bottom: 12px; padding: 14px 16px; box-shadow: var(--shadow); }
  .breakers tbody tr:not(.is-CLOSED) { border-left: 3px solid var(--tone); }
  .breakers tbody tr:not(.is-CLOSED) > th { box-shadow: none; }
  .breakers tbody tr > * , .breakers tr > :first-child, .breakers tr > :last-child { padding: 0; border: 0 !important; background: none !important; width: auto; }
  .breakers td { display: grid; grid-template-columns: 116px minmax(0, 1fr); margin-top: 10px; }
  .breakers .strip { max-width: 100%; height: auto; }
  .breakers td > * { grid-column: 2; } .breakers td::before, .audit td::before { content: attr(data-label); color: var(--muted); font-size: 13px; grid-column: 1; grid-row: 1; }
  .breakers td:has(> .none:first-child) { display: none; } .breakers td .badge, .breakers td .override { justify-self: start; }
  .audit td { display: grid; grid-template-columns: 80px minmax(0, 1fr); padding: 2px 0; border: 0; } .audit td:first-child { white-space: normal; } .audit td > *, .audit td { justify-items: start; } .audit td::before { grid-row: 1 / span 4; } .audit td > * { grid-column: 2; }
  .audit tr { padding: 12px 0; border-bottom: 1px solid var(--line); }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; } .facts > :nth-child(n + 4) { grid-column: 1 / -1; }
  .card { padding: 16px; } .title { font-size: 23px; } select { max-width: none; } .toolbar .field { flex: 1 1 100%; }
}
@media (prefers-reduced-motion: no-preference) {
  .live:not(.paused):not(.late) .pulse { animation: pulse 2.4s ease-in-out infinite; }
  @keyframes pulse { 50% { opacity: .35; } }
}
@media (forced-colors: active) { .badge, .override, .tile[aria-current] { border: 1px solid; } .strip .success, .strip .failure, .timeline rect, .meter rect { forced-color-adjust: none; } }
@media print {
  :root { color-scheme: light; --bg: #fff; --shadow: none; }
  body { font-size: 11pt; } .toolbar, .controls, .live, .pager, .skip, .ranges { display: none; } .breakers .exact, .when .exact { display: inline; } .ago, .countdown + .sep { display: none; }
  .columns { display: block; } .card, tr { break-inside: avoid; } * { print-color-adjust: exact; }
}
`
