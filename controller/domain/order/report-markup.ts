// HTML from templates in which every value is escaped; only what a template made is markup. Pure.

export type Html = { readonly markup: string };
type Value = string | number | Html;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// C0 but tab and line ends, C1, and what turns the direction of text: a name must not rearrange what stands beside it.
// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { markup: String.raw({ raw: parts }, ...values.map(markupOf)) };
}

export function joined<T>(items: readonly T[], each: (item: T) => Html): Html {
  return { markup: items.map((item) => each(item).markup).join('\n') };
}

function markupOf(value: Value): string {
  if (typeof value === 'object') return value.markup;
  return String(value)
    .replaceAll(controls, '\u{fffd}')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
