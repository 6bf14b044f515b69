// How the page of the server API looks: light and dark, from 360 px on.

export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a; --paper: #fff; --card: #f6f8fa; --line: #d8dee4; --mark: #0b62a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --quiet: #9aa5b1; --paper: #0f1419; --card: #171d24; --line: #2b333c; --mark: #6cb6ff; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--mark); text-underline-offset: 3px; }
a:focus-visible, pre:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; border-radius: 4px; }
nav { padding: 1rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--card); }
nav .name { font-weight: 650; color: var(--ink); text-decoration: none; }
nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .4rem 0 0; padding: 0; list-style: none; }
nav li a { display: inline-block; padding: .2rem 0; font: .9rem/1.5 ui-monospace, monospace; text-decoration: none; }
nav li a:hover { text-decoration: underline; }
main { max-width: 46rem; padding: 1.5rem 1.25rem 4rem; }
h1 { margin: 0 0 .5rem; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 0; font: 650 1.15rem/1.3 ui-monospace, monospace; }
h2 a { color: inherit; text-decoration: none; }
section { margin-top: 2rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
section > p { margin: .35rem 0 .75rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: 0 0 1rem; padding: .75rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
pre code { overflow-wrap: normal; }
dl { margin: 0 0 1rem; }
dt { margin-top: .5rem; }
dt.caption { margin: 0; color: var(--quiet); font-size: .8rem; font-weight: 600; letter-spacing: .03em; }
dd { margin: 0; color: var(--ink); }
.kind { color: var(--quiet); font-size: .85rem; }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 14rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--line); }
  nav ul { flex-direction: column; margin-top: .75rem; }
  main { padding: 2rem 3rem 6rem; }
}
`;
