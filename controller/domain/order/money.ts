// Amounts of money: decimal texts with up to four decimals, added and multiplied exactly. Pure.

/** In ten-thousandths of the currency. */
export type Amount = bigint;

const unit = 10_000n;
const cent = 100n;

/** Of a text or number as a document writes it; the shape of the document has been checked. */
export function amountOf(value: string | number): Amount {
  const [whole = '0', fraction = ''] = (typeof value === 'number' ? value.toFixed(4) : value).split('.');
  return BigInt(whole) * unit + BigInt(fraction.padEnd(4, '0').slice(0, 4));
}

/** `4200.00`: two decimals, or as many as it has. */
export function formatAmount(value: Amount): string {
  const fraction = (value % unit)
    .toString()
    .padStart(4, '0')
    .replace(/0{1,2}$/, '');
  return `${value / unit}.${fraction}`;
}

/** `4200.00` of an amount as a document writes it. */
export function formatMoney(value: string | number): string {
  return formatAmount(amountOf(value));
}

/** `19` or `7.7` of a percentage as a document writes it. */
export function formatPercent(value: string | number): string {
  return formatMoney(value).replace(/(?:\.|(?<!0))0+$/, '');
}

/**
 * The tax on a net amount as vendors bill it: rounded half up to the cent, and unrounded where that is something else
 * that four decimals can say.
 */
export function taxesOn(net: Amount, percent: string | number): readonly Amount[] {
  const scaled = net * amountOf(percent);
  const divisor = 100n * unit;
  const rounded = ((scaled + (divisor * cent) / 2n) / (divisor * cent)) * cent;
  return scaled % divisor === 0n && scaled / divisor !== rounded ? [rounded, scaled / divisor] : [rounded];
}
