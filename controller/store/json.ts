// JSON columns: the one place where values become text and text becomes values again.

/** JSON text of a T; only this file makes and reads it. */
export type Json<T> = string & { readonly __json?: T };

export function toJson<T>(value: T): Json<T> {
  return JSON.stringify(value);
}

/** What toJson wrote: the column's type says of what. */
export function fromJson<T>(text: Json<T>): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only toJson of the same T writes these columns
  return JSON.parse(text) as T;
}
