// What the bench tells its two workers.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** Who the load goes to: the controller, or the bare loop it is measured against. */
export const targets = ['controller', 'bare'] as const;
const Target = Type.Union([Type.Literal('controller'), Type.Literal('bare')]);
export type Target = Static<typeof Target>;

const Count = Type.Integer({ minimum: 1 });

export const LoadCommand = Type.Union([
  /** Makes machines with their keys and inventories. */
  Type.Object({ do: Type.Literal('prepare'), agents: Count }),
  /** Asks for one boot script per machine and takes the token out of it. */
  Type.Object({ do: Type.Literal('boot'), bootUrl: Type.String(), atOnce: Count }),
  /** Enrols every machine, opens its link and sends inventory and health, until all of it is taken. */
  Type.Object({ do: Type.Literal('admit'), target: Target, url: Type.String(), atOnce: Count }),
  /** Waits until the controller has decided about every machine; the time counts from the start of `admit`. */
  Type.Object({ do: Type.Literal('decided') }),
  /** Opens links of machines that enrolled before, until `agents` are open. */
  Type.Object({ do: Type.Literal('connect'), target: Target, url: Type.String(), agents: Count, atOnce: Count }),
  /** Sends heartbeats over all links at this rate per link, until all of them are taken. */
  Type.Object({ do: Type.Literal('beat'), target: Target, seconds: Type.Number(), perSecond: Type.Number() }),
  /** Closes all links. */
  Type.Object({ do: Type.Literal('close'), target: Target }),
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
