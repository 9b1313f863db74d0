// The style of the pages: large type, calm colours that pass WCAG 2.2 AA in light and dark, and one thing to do per page.
export const pageStyle = `
:root {
  --ink: #1c2530; --dim: #4d5a68; --paper: #f4f6f8; --card: #ffffff; --line: #75818d;
  --accent: #0b5c8a; --on-accent: #ffffff; --bad: #8f1d1d; --bad-paper: #fdeeee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6ebf0; --dim: #a9b4bf; --paper: #12171d; --card: #1b222a; --line: #7d8994;
    --accent: #7cc4ee; --on-accent: #0a1a24; --bad: #ffb4b4; --bad-paper: #3a1d1f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.125rem/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 8vh auto; padding: 2rem; background: var(--card); border-radius: .5rem; }
@media (max-width: 32rem) { main { margin: 0; border-radius: 0; min-height: 100vh; } }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 1.25rem; }
p { margin: 0 0 1rem; }
.where, .hint { color: var(--dim); font-size: 1rem; }
.where { margin-bottom: .25rem; }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input {
  display: block; width: 100%; min-height: 3rem; margin-bottom: 1.25rem; padding: .5rem .75rem; font: inherit;
  color: inherit; background: transparent; border: 2px solid var(--line); border-radius: .375rem;
}
input.code { font-family: ui-monospace, monospace; font-size: 1.5rem; letter-spacing: .15em; text-transform: uppercase; }
button, .button {
  display: block; width: 100%; min-height: 3rem; margin-bottom: .75rem; padding: .6rem 1rem; font: inherit;
  font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 2px solid var(--accent); border-radius: .375rem;
}
button.second, .button.second { color: var(--accent); background: transparent; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.notice { padding: .75rem 1rem; color: var(--bad); background: var(--bad-paper); border-left: .3rem solid var(--bad); }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 0 0 1.5rem; }
dt { color: var(--dim); }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.big { font: 600 1.75rem/1.2 ui-monospace, monospace; letter-spacing: .1em; }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.25rem 0; }
`;
