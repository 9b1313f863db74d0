// The version of SDK and CLI, as `ppec version` and the user-agent header tell it.
export const clientVersion = '0.1.0';
