// The agent protocol's version: one integer that only grows. A controller speaks to agents of its own version and up to
// three older; it refuses a newer agent with close code 4005, never guesses.
//
//   1  2026-11-23  first version

export const protocolVersion = 1;
export const oldestSupportedProtocolVersion = 1;
