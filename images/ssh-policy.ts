// What sshd does by its configuration (sshd_config(5)): the first value of a keyword counts, included files stand where
// the Include stands, and what follows a Match is for some sessions only.
import type { RootfsTree } from './rootfs-tree.ts';

const required: Readonly<Record<string, string>> = {
  permitrootlogin: 'no',
  passwordauthentication: 'no',
  kbdinteractiveauthentication: 'no',
  permitemptypasswords: 'no',
  hostbasedauthentication: 'no',
  authenticationmethods: 'publickey',
  allowusers: 'ops',
  x11forwarding: 'no',
  allowtcpforwarding: 'no',
  allowagentforwarding: 'no',
  permituserenvironment: 'no',
};

/** A list has to be there: what sshd offers by itself includes older algorithms. */
const weak: Readonly<Record<string, RegExp>> = {
  ciphers: /cbc|3des|arcfour|-ctr/,
  macs: /md5|sha1|umac-64|hmac-sha2-\d+(?!-etm)(,|$)/,
  kexalgorithms: /sha1|nistp/,
  hostkeyalgorithms: /ssh-rsa|ssh-dss/,
  pubkeyacceptedalgorithms: /(^|,)ssh-(rsa|dss)/,
};

export async function sshViolations(tree: RootfsTree): Promise<string[]> {
  const settings = await sshSettings(tree);
  const found: string[] = [];
  for (const [keyword, value] of Object.entries(required)) {
    const actual = settings.get(keyword);
    if (actual !== value) found.push(`sshd has ${keyword} ${actual ?? 'unset'}, not ${value}`);
  }
  for (const [keyword, pattern] of Object.entries(weak)) {
    const actual = settings.get(keyword);
    if (actual === undefined) found.push(`sshd has ${keyword} unset`);
    else if (/^[+^-]/.test(actual) || pattern.test(actual)) found.push(`sshd has weak ${keyword}: ${actual}`);
  }
  if (settings.has('match')) found.push('sshd has other rules for some sessions (Match)');
  return found;
}

async function sshSettings(tree: RootfsTree): Promise<ReadonlyMap<string, string>> {
  const settings = new Map<string, string>();
  const pending = settingLines(await tree.text('etc/ssh/sshd_config'));
  for (let line = pending.shift(); line !== undefined; line = pending.shift()) {
    const [keyword = '', ...values] = line.split(/[\s=]+/);
    const value = values.join(' ');
    if (keyword.toLowerCase() === 'include') {
      const names = value === '/etc/ssh/sshd_config.d/*.conf' ? tree.names('etc/ssh/sshd_config.d') : [];
      const files = names.filter((name) => name.endsWith('.conf'));
      const texts = await Promise.all(files.map((name) => tree.text(`etc/ssh/sshd_config.d/${name}`)));
      pending.unshift(...texts.flatMap(settingLines));
    } else if (!settings.has(keyword.toLowerCase())) settings.set(keyword.toLowerCase(), value);
  }
  return settings;
}

function settingLines(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
