import { expect, it } from 'vitest';

import {
  canOrderTransition,
  deliveryState,
  orderActions,
  orderRefusal,
  orderStates,
  orderTransitions,
} from './purchase-order.ts';

const transitions = [
  'placed→delivering',
  'placed→delivered',
  'placed→cancelled',
  'delivering→placed',
  'delivering→delivered',
  'delivering→closed',
  'delivering→cancelled',
  'delivered→placed',
  'delivered→delivering',
  'delivered→closed',
  'delivered→cancelled',
  'closed→placed',
  'closed→delivering',
  'closed→delivered',
  'cancelled→placed',
  'cancelled→delivering',
  'cancelled→delivered',
];

it('allows exactly these transitions and refuses every other pair', () => {
  const found = orderStates.flatMap((from) =>
    orderStates.filter((to) => canOrderTransition(from, to)).map((to) => `${from}→${to}`),
  );
  expect(found.toSorted()).toEqual(transitions.toSorted());
});

const allowed = [
  'placed add-delivery',
  'placed add-invoice',
  'placed amend',
  'placed cancel',
  'delivering add-delivery',
  'delivering add-invoice',
  'delivering amend',
  'delivering cancel',
  'delivering close',
  'delivered add-delivery',
  'delivered add-invoice',
  'delivered amend',
  'delivered cancel',
  'delivered close',
  'closed reopen',
  'cancelled reopen',
];

const cells = orderStates.flatMap((state) => orderActions.map((action) => [state, action] as const));

it.each(cells)('%s: %s is allowed, or refused in words', (state, action) => {
  const refusal = orderRefusal({ number: 'PO-1', state }, action);
  if (allowed.includes(`${state} ${action}`)) expect(refusal).toBeUndefined();
  else expect(refusal).toMatch(/^PO-1 (is|has) \w/);
});

it('lets nobody close or cancel where the table of transitions does not lead there', () => {
  const ends = [
    ['close', 'closed'],
    ['cancel', 'cancelled'],
  ] as const;
  for (const state of orderStates) {
    for (const [action, to] of ends) {
      expect([state, action, orderRefusal({ number: 'PO-1', state }, action) === undefined]).toEqual([
        state,
        action,
        canOrderTransition(state, to),
      ]);
    }
  }
});

it('reaches every state from placed', () => {
  const reached = new Set<string>(['placed']);
  for (const _ of orderStates) {
    for (const from of orderStates)
      if (reached.has(from)) for (const to of Object.keys(orderTransitions[from])) reached.add(to);
  }
  expect([...reached].toSorted()).toEqual([...orderStates].toSorted());
});

it.each([
  [[], 'placed'],
  [[1], 'delivering'],
  [[1, 1], 'delivering'],
  [[1, 1, 1, 2], 'delivered'],
  [[1, 1, 2], 'delivered'],
  // A line that got too many does not make up for another.
  [[1, 1, 1], 'delivering'],
] as const)('calls an order with servers of lines %j %s', (servers, expected) => {
  const lines = [
    { line: 1, quantity: 2 },
    { line: 2, quantity: 1 },
  ];
  expect(deliveryState({ lines, servers: servers.map((line) => ({ line })) })).toBe(expected);
});
