// What the part `tls-accept` tells its server and its client.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** `bare`: a Node TLS server that does nothing more; `listener`: the controller's agent listener. */
export const acceptKinds = ['bare', 'listener'] as const;
export type AcceptKind = (typeof acceptKinds)[number];
const Kind = Type.Union([Type.Literal('bare'), Type.Literal('listener')]);
const Pem = Type.String();

export const ServeCommand = Type.Object({
  do: Type.Literal('serve'),
  kind: Kind,
  caPem: Pem,
  key: Pem,
  cert: Pem,
  /** The agent whose certificate is on record. */
  assetId: Type.String(),
  certificateSerial: Type.String(),
});
export type ServeCommand = Static<typeof ServeCommand>;

export const OpenCommand = Type.Object({
  do: Type.Literal('open'),
  /** `tls`: until the server has ended the handshake; `link`: until the controller has said welcome. */
  until: Type.Union([Type.Literal('tls'), Type.Literal('link')]),
  port: Type.Integer(),
  count: Type.Integer({ minimum: 1 }),
  atOnce: Type.Integer({ minimum: 1 }),
  /** Whether the connections stay open. */
  isHeld: Type.Boolean(),
  caPem: Pem,
  key: Pem,
  cert: Pem,
  assetId: Type.String(),
});
export type OpenCommand = Static<typeof OpenCommand>;

const serveCommand = Compile(ServeCommand);
const openCommand = Compile(OpenCommand);

export function isServeCommand(message: unknown): message is ServeCommand {
  return serveCommand.Check(message);
}

export function isOpenCommand(message: unknown): message is OpenCommand {
  return openCommand.Check(message);
}
