// What a machine proved for the identity that its agent holds, from nothing to most. Each level says what was proved, not how
// much anybody should believe it.

export const trustLevels = [
  /** Its agent has no identity. */
  'none',
  /** That it had the one-time token of this boot, or of this provisioning. */
  'token',
  /** And that it holds the TPM that was seen with it first. */
  'pinned-ek',
  /** And that a TPM maker whose CA is trusted vouches for the key. */
  'certified-ek',
  /** And that the key is the one that its order names. */
  'ordered-ek',
] as const;
export type TrustLevel = (typeof trustLevels)[number];
