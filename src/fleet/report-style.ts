/** How the report looks: light or dark as the reader's system is, on paper always light. No address outside stands in it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #ffffff; --text: #1c2127; --soft: #57606a; --line: #d0d7de; --box: #f6f8fa;
  --good: #0f7b4d; --bad: #c62828; --wait: #b25e00; --calm: #2b6cb0; --other: #7a4fb5; --none: #8a939d; --good-back: #e6f4ec; --bad-back: #fdecea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14181d; --text: #e6e9ec; --soft: #a4adb8; --line: #343c46; --box: #1d232a;
    --good: #4cc38a; --bad: #ff8a80; --wait: #f0a94e; --calm: #79b8ff; --other: #c4a2f5; --none: #77818d; --good-back: #12301f; --bad-back: #3a1a19;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0 .75rem; overflow-wrap: anywhere; }
.soft, figcaption, caption { color: var(--soft); }
.verdict { margin: 1.25rem 0; padding: 1rem 1.25rem; border-radius: .5rem; border-left: .4rem solid var(--bad); background: var(--bad-back); }
.verdict.yes { border-color: var(--good); background: var(--good-back); }
.verdict h2 { margin: 0 0 .25rem; padding: 0; border: 0; font-size: 1.35rem; }
.verdict ul, .examples { margin: .5rem 0 0; padding-left: 1.25rem; }
li { margin: .35rem 0; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.25rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.facts div { padding: .6rem .8rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--box); }
.facts dt { color: var(--soft); font-size: .875rem; }
.facts dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
figure { margin: 0 0 1rem; }
table { border-collapse: collapse; min-width: min(100%, 26rem); margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .35rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 5rem; }
td { overflow-wrap: break-word; }
.n { text-align: right; white-space: nowrap; }
tr > :last-child { padding-right: 0; }
.wide { overflow-x: auto; }
.wide table { min-width: 34rem; }
code, .id { font-family: ui-monospace, monospace; font-size: .875rem; overflow-wrap: anywhere; }
.message { white-space: pre-wrap; }
.bar { display: block; width: 100%; height: 1.25rem; margin: .5rem 0; background: var(--box); border-radius: .25rem; }
@media (max-width: 30rem) { th, td { padding-right: .5rem; font-size: .9375rem; } .times { flex-wrap: wrap; } }
td .bar { height: .75rem; margin: .35rem 0 0; width: 100%; min-width: 1.5rem; max-width: 16rem; }
.key { display: inline-block; width: .75rem; height: .75rem; margin-right: .4rem; }
.chart { display: grid; grid-template-columns: auto 1fr; gap: 0 .5rem; font-size: .8125rem; color: var(--soft); }
.chart svg { grid-column: 2; width: 100%; height: 12rem; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); overflow: visible; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; height: 12rem; line-height: 1; }
.times { grid-column: 2; display: flex; justify-content: space-between; gap: 1rem; padding-top: .25rem; }
.grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.line { fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.line.good { stroke: var(--good); } .line.bad { stroke: var(--bad); stroke-dasharray: 6 4; }
.area { fill: var(--good); opacity: .14; }
.good-fill { fill: var(--good); } .bad-fill { fill: var(--bad); } .wait-fill { fill: var(--wait); }
.calm-fill { fill: var(--calm); } .other-fill { fill: var(--other); } .none-fill { fill: var(--none); }
@media print {
  :root {
    color-scheme: light;
    --back: #ffffff; --text: #000000; --soft: #444444; --line: #bbbbbb; --box: #ffffff;
    --good: #0f7b4d; --bad: #c62828; --wait: #b25e00; --calm: #2b6cb0; --other: #7a4fb5; --none: #8a939d; --good-back: #ffffff; --bad-back: #ffffff;
  }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .verdict, .facts div, li { break-inside: avoid; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .wide { overflow: visible; } .wide table { min-width: 0; font-size: 8pt; }
}
`;
