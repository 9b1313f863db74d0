// A purchase order's life: the one table that the operations, the CLI and the docs derive from. `placed`, `delivering` and
// `delivered` follow from what was delivered and are the controller's to say; `closed` and `cancelled` are a person's.

export const orderStates = ['placed', 'delivering', 'delivered', 'closed', 'cancelled'] as const;
export type OrderState = (typeof orderStates)[number];

/** From a state, the states it may change to, each with the event that causes it. */
export const orderTransitions: Readonly<Record<OrderState, Readonly<Partial<Record<OrderState, string>>>>> = {
  placed: {
    delivering: 'a delivery brought some of the machines',
    delivered: 'a delivery brought all machines',
    cancelled: 'a person cancelled it',
  },
  delivering: {
    placed: 'an amended document has no delivery',
    delivered: 'a delivery brought the rest, or an amended document orders no more',
    closed: 'a person closed it: nothing more is expected',
    cancelled: 'a person cancelled it',
  },
  delivered: {
    placed: 'an amended document has no delivery',
    delivering: 'an amended document orders more, or delivers less',
    closed: 'a person closed it: nothing more is expected',
    cancelled: 'a person cancelled it',
  },
  closed: {
    placed: 'a person reopened it',
    delivering: 'a person reopened it',
    delivered: 'a person reopened it',
  },
  cancelled: {
    placed: 'a person reopened it',
    delivering: 'a person reopened it',
    delivered: 'a person reopened it',
  },
};

export function canOrderTransition(from: OrderState, to: OrderState): boolean {
  return orderTransitions[from][to] !== undefined;
}

export const orderActions = ['add-delivery', 'add-invoice', 'amend', 'close', 'reopen', 'cancel'] as const;
export type OrderAction = (typeof orderActions)[number];

const open = { 'add-delivery': null, 'add-invoice': null, amend: null, cancel: null } as const;
const ended = (word: string) => {
  const sentence = `is ${word} and takes no documents. Reopen it first: ppec po reopen NUMBER`;
  return { 'add-delivery': sentence, 'add-invoice': sentence, amend: sentence } as const;
};
const isOpen = 'is open already';

/** What a person may do in a state: null where it is allowed, else why not, as the rest of a sentence on NUMBER. */
const refusals: Readonly<Record<OrderState, Readonly<Record<OrderAction, string | null>>>> = {
  placed: {
    ...open,
    close: 'has no delivery. Cancel it if nothing will come: ppec po cancel NUMBER',
    reopen: isOpen,
  },
  delivering: { ...open, close: null, reopen: isOpen },
  delivered: { ...open, close: null, reopen: isOpen },
  closed: {
    ...ended('closed'),
    close: 'is closed already',
    reopen: null,
    cancel: 'is closed. Reopen it first: ppec po reopen NUMBER',
  },
  cancelled: {
    ...ended('cancelled'),
    close: 'is cancelled; there is nothing to close',
    reopen: null,
    cancel: 'is cancelled already',
  },
};

type Named = { readonly number: string; readonly state: OrderState };

/** Why a person may not do this to this order; undefined where they may. */
export function orderRefusal({ number, state }: Named, action: OrderAction): string | undefined {
  const refusal = refusals[state][action];
  return refusal === null ? undefined : `${number} ${refusal.replace('NUMBER', number)}`;
}

type Counted = {
  readonly lines: readonly { readonly line: number; readonly quantity: number }[];
  readonly servers: readonly { readonly line: number }[];
};

/** The state of an open order, which follows from what was delivered. */
export function deliveryState({ lines, servers }: Counted): 'placed' | 'delivering' | 'delivered' {
  if (servers.length === 0) return 'placed';
  const delivered = new Map<number, number>();
  for (const { line } of servers) delivered.set(line, (delivered.get(line) ?? 0) + 1);
  return lines.every(({ line, quantity }) => (delivered.get(line) ?? 0) >= quantity) ? 'delivered' : 'delivering';
}
