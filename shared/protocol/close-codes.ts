// Why a link was closed: RFC 6455 §7.4.2 leaves 4000–4999 to the application.

export const closeCodes = {
  goingAway: { code: 1001, reason: 'the controller is stopping; come back' },
  malformedFrame: { code: 4000, reason: 'a frame is not a message of this protocol' },
  frameTooLarge: { code: 1009, reason: 'a frame is larger than the limit' },
  outOfOrder: { code: 4002, reason: 'sequence numbers must grow by one' },
  helloExpected: { code: 4003, reason: 'the first message must be hello' },
  rateExceeded: { code: 4004, reason: 'more frames per second than the limit' },
  protocolUnsupported: { code: 4005, reason: 'this protocol version is not spoken here' },
  identityMismatch: { code: 4006, reason: 'the certificate does not belong to the asset named in hello' },
  replaced: { code: 4007, reason: 'this agent connected anew' },
  stuck: { code: 4009, reason: 'the peer does not read what is sent to it' },
  silent: { code: 4010, reason: 'nothing was heard from the peer for too long' },
  unknownAsset: { code: 4011, reason: 'this asset is not known here; enrol anew' },
  certificateExpired: { code: 4012, reason: 'the certificate of this link has expired; renew it' },
  identityRevoked: { code: 4013, reason: 'the certificate of this link was revoked' },
  identityInUse: { code: 4014, reason: 'another host holds this identity and is alive' },
  hardwareMismatch: { code: 4015, reason: 'this is not the hardware that the identity was given to' },
} as const;

export type CloseName = keyof typeof closeCodes;

export function closeNameOf(code: number): CloseName | undefined {
  for (const [name, facts] of Object.entries(closeCodes)) {
    if (facts.code === code && isCloseName(name)) return name;
  }
  return undefined;
}

function isCloseName(name: string): name is CloseName {
  return Object.hasOwn(closeCodes, name);
}
