// Serials, UUIDs and MACs as keys: what firmware writes, brought to one form; placeholders are nothing.

const placeholders = new Set([
  '', '0', '00000000', '0123456789', '123456789', '1234567890', '1234567890.', 'none', 'n/a', 'na', 'unknown', 'not specified',
  'not available', 'not applicable', 'default string', 'to be filled by o.e.m.', 'to be filled by oem', 'system serial number',
  'chassis serial number', 'base board serial number', 'empty', 'null', 'oem', 'xxxxxxxx', '--', 'invalid', 'no dimm',
  'no asset tag', 'no asset information', 'asset tag', 'oem chassis serial number', 'type2 - board serial number',
]); // prettier-ignore

/** Trimmed text, or null where the firmware wrote a placeholder instead of a value. */
export function reported(text: string | null | undefined): string | null {
  const trimmed = (text ?? '').replaceAll('\0', '').trim();
  if (placeholders.has(trimmed.toLowerCase()) || /^(.)\1{5,}$/.test(trimmed)) return null;
  return trimmed;
}

/** The key form of a serial: upper case, no spaces. Empty where nothing usable was reported. */
export function serialKey(serial: string | null | undefined): string {
  return (reported(serial) ?? '').toUpperCase().replaceAll(/\s+/g, '');
}

/** The key form of an SMBIOS UUID: lower case; empty for all zeros or all ones. */
export function uuidKey(uuid: string | null | undefined): string {
  const text = (uuid ?? '').trim().toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return '';
  return /^[0f-]+$/.test(text) ? '' : text;
}

/** The key form of a MAC: six lower-case pairs with colons; undefined where it is none. */
export function macKey(mac: string): string | undefined {
  const text = mac.trim().toLowerCase().replaceAll('-', ':');
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text) ? text : undefined;
}
