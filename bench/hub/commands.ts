// What the bench tells its two workers.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** Who the load goes to: the controller, or the bare loop it is measured against. */
export const targets = ['controller', 'bare'] as const;
const Target = Type.Union([Type.Literal('controller'), Type.Literal('bare')]);
export type Target = Static<typeof Target>;

const Count = Type.Integer({ minimum: 1 });

export const LoadCommand = Type.Union([
  /** Makes a fleet with certificates and rows in the store of a region that does not run yet, and machines to enrol. */
  Type.Object({ do: Type.Literal('prepare'), dataDirectory: Type.String(), agents: Count, enrolments: Count }),
  /** Opens links of the fleet until `agents` are open. */
  Type.Object({ do: Type.Literal('connect'), target: Target, url: Type.String(), agents: Count, atOnce: Count }),
  /** Sends heartbeats over the fleet's links at this rate per link, until all of them are taken. */
  Type.Object({ do: Type.Literal('beat'), target: Target, seconds: Type.Number(), perSecond: Type.Number() }),
  /** Asks for one boot script per machine to enrol and takes the token out of it. */
  Type.Object({ do: Type.Literal('boot'), bootUrl: Type.String(), atOnce: Count }),
  /** Enrols each of them, opens its link and sends inventory and health, until the inventory is taken. */
  Type.Object({ do: Type.Literal('admit'), target: Target, url: Type.String(), atOnce: Count }),
  /** Waits until the controller has decided about each of them; the time counts from the start of `admit`. */
  Type.Object({ do: Type.Literal('decided') }),
]);
export type LoadCommand = Static<typeof LoadCommand>;

export const BareCommand = Type.Object({
  do: Type.Literal('listen'),
  caPem: Type.String(),
  key: Type.String(),
  cert: Type.String(),
});
export type BareCommand = Static<typeof BareCommand>;

const loadCommand = Compile(LoadCommand);
const bareCommand = Compile(BareCommand);

export function isLoadCommand(message: unknown): message is LoadCommand {
  return loadCommand.Check(message);
}

export function isBareCommand(message: unknown): message is BareCommand {
  return bareCommand.Check(message);
}
