// The names by which client and controller speak OAuth 2.0 with each other.

/** The command-line client: public, it has no secret of its own (RFC 6749 §2.1). */
export const cliClientId = 'ppec-cli';
/** RFC 8628 §3.4. */
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
