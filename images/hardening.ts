// What "hardened" means, as checks over an unpacked root file system. The build runs them on what it is about to pack;
// a test runs them on what a finished image holds. Each check answers one line per violation.
import { readTree, type RootfsTree } from './rootfs-tree.ts';
import { enabledUnits } from './rootfs.ts';
import { sshViolations } from './ssh-policy.ts';
import { sysctlViolations } from './sysctl-policy.ts';

type Check = (tree: RootfsTree) => Promise<string[]> | string[];

const checks: readonly Check[] = [
  checkAccounts,
  sshViolations,
  checkFirewall,
  sysctlViolations,
  checkModes,
  checkOwners,
  checkSecrets,
  checkUnits,
  checkPackages,
  checkMounts,
  checkLimits,
  checkUpdates,
  checkBoot,
  checkAgent,
];

/** Violations in the system whose root is `dir`; none in a good image. */
export async function auditRootfs(dir: string): Promise<string[]> {
  const tree = await readTree(dir);
  const found: string[] = [];
  for (const check of checks) found.push(...(await check(tree)));
  return found;
}

const loginShells = new Map([
  ['root', /^\/bin\/(ba)?sh$/],
  ['ops', /^\/bin\/(ba)?sh$/],
]);
const noShell = /\/(nologin|false|sync)$/;

async function checkAccounts(tree: RootfsTree): Promise<string[]> {
  const passwd = records(await tree.text('etc/passwd'));
  const shadow = records(await tree.text('etc/shadow'));
  const umask = /^\s*UMASK\s+(\d+)/m.exec((await tree.text('etc/login.defs')) ?? '')?.[1];
  return [
    ...passwd.flatMap(accountViolations),
    ...(passwd.some(([name, , uid]) => name === 'ops' && uid === '1000')
      ? []
      : ['there is no account ops with uid 1000']),
    ...passwordViolations(passwd, shadow),
    ...(umask === '077' || umask === '027' ? [] : [`/etc/login.defs sets umask ${umask ?? 'nowhere'}`]),
  ];
}

function accountViolations([name = '', , uid, , , , shell = '']: readonly string[]): string[] {
  const found: string[] = [];
  if (uid === '0' && name !== 'root') found.push(`account ${name} has uid 0`);
  const isUsual = noShell.test(shell) || loginShells.get(name)?.test(shell) === true;
  if (!isUsual) found.push(`account ${name} has the shell ${shell}`);
  return found;
}

function passwordViolations(passwd: readonly string[][], shadow: readonly string[][]): string[] {
  const inShadow = new Set(shadow.map(([name]) => name));
  return [
    ...shadow
      .filter(([, password = '']) => !/^[*!]/.test(password))
      .map(([name, password]) => `account ${name} has ${password === '' ? 'an empty' : 'a'} password`),
    ...passwd.filter(([name]) => !inShadow.has(name)).map(([name]) => `account ${name} is not in /etc/shadow`),
  ];
}

function records(text: string | undefined): string[][] {
  return (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}

async function checkFirewall(tree: RootfsTree): Promise<string[]> {
  const rules = ((await tree.text('etc/nftables.conf')) ?? '').replaceAll(/#.*$/gm, '');
  const found: string[] = [];
  for (const hook of ['input', 'forward']) {
    if (!new RegExp(`hook ${hook}\\b[^;]*;\\s*policy drop`).test(rules))
      found.push(`/etc/nftables.conf does not drop by default: ${hook}`);
  }
  for (const [, port = ''] of rules.matchAll(/dport\s+(\{[^}]*\}|\S+)/g)) {
    if (port !== '22') found.push(`/etc/nftables.conf opens port ${port}`);
  }
  return found;
}

function checkModes(tree: RootfsTree): string[] {
  return tree.entries.flatMap(({ path, kind, mode }) => {
    if (kind === 'file' && (mode & 0o6000) !== 0) return [`/${path} is setuid or setgid`];
    if (kind === 'file' && (mode & 0o002) !== 0) return [`/${path} can be written by everyone`];
    if (kind === 'directory' && (mode & 0o1002) === 0o002)
      return [`/${path} can be written by everyone and is not sticky`];
    if (/^etc\/g?shadow$/.test(path) && (mode & 0o007) !== 0) return [`/${path} can be read by everyone`];
    return [];
  });
}

/** What the system runs or is configured by belongs to root. */
function checkOwners(tree: RootfsTree): string[] {
  return tree.entries
    .filter(({ path, uid }) => /^(bin|boot|etc|lib|lib64|root|sbin|usr)(\/|$)/.test(path) && uid !== tree.rootUid)
    .map(({ path, uid }) => `/${path} belongs to uid ${uid}`);
}

/** What must differ between machines, or must not leave the place where the image is made. */
const forbiddenFiles: readonly (readonly [RegExp, string])[] = [
  [/^etc\/ssh\/ssh_host_/, 'is a host key that all machines would share'],
  [/\/authorized_keys$/, 'lets a key in that no seed has named'],
  [/_history$/, 'is the history of a shell'],
  [/^etc\/ppec\/./, 'is a configuration of one machine'],
  [/^var\/lib\/ppec\/./, 'is a state of one machine'],
  [/^var\/lib\/cloud\/./, 'is a seed of one machine'],
  [/^var\/lib\/systemd\/random-seed$/, 'is a random seed that all machines would share'],
  [/^etc\/apt\/(auth\.conf|sources\.list)/, 'names where the builder takes packages from'],
  [/^etc\/apt\/apt\.conf\.d\/99mmdebstrap$/, 'is the configuration of the builder'],
];
const secretBytesMax = 64 * 1024;

async function checkSecrets(tree: RootfsTree): Promise<string[]> {
  const found: string[] = [];
  for (const { path, kind, bytes } of tree.entries) {
    if (kind !== 'file') continue;
    const rule = forbiddenFiles.find(([pattern]) => pattern.test(path));
    if (rule !== undefined) found.push(`/${path} ${rule[1]}`);
    if (path === 'etc/machine-id' && bytes > 0) found.push('/etc/machine-id has an id that all machines would share');
    if (!/^(etc|home|root|var)\//.test(path) || bytes > secretBytesMax) continue;
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test((await tree.text(path)) ?? ''))
      found.push(`/${path} holds a private key`);
    if (/^Acquire::\w+::Proxy\b/im.test(path.startsWith('etc/apt/') ? ((await tree.text(path)) ?? '') : ''))
      found.push(`/${path} names a proxy of the builder`);
  }
  return found;
}

/** Exactly the units that are meant to run: one more is work nobody reviewed, one less is a protection that is off. */
function checkUnits(tree: RootfsTree): string[] {
  const base = 'etc/systemd/system';
  const found: string[] = [];
  const folders = tree.names(base).filter((name) => /\.(wants|requires)$/.test(name));
  for (const folder of folders) {
    const expected = enabledUnits[folder.replace(/\.wants$/, '')] ?? [];
    for (const unit of tree.names(`${base}/${folder}`))
      if (!expected.includes(unit)) found.push(`${unit} is enabled (${folder})`);
  }
  for (const [target, units] of Object.entries(enabledUnits)) {
    const there = tree.names(`${base}/${target}.wants`);
    for (const unit of units) if (!there.includes(unit)) found.push(`${unit} is not enabled`);
  }
  return found;
}

const unwantedPackages =
  /^(sudo|python3|gcc|g\+\+|make|telnetd?|rsh-.*|ftp|netcat.*|nmap|tcpdump|curl|wget|cloud-init|avahi-daemon|cups.*|exim4.*|postfix|rpcbind|nfs-.*|docker.*|x11-common)$/;

async function checkPackages(tree: RootfsTree): Promise<string[]> {
  const status = (await tree.text('var/lib/dpkg/status')) ?? '';
  const names = [...status.matchAll(/^Package: (\S+)$/gm)].map(([, name = '']) => name);
  return [
    ...names.filter((name) => unwantedPackages.test(name)).map((name) => `package ${name} is installed`),
    ...['openssh-server', 'nftables']
      .filter((name) => !names.includes(name))
      .map((name) => `package ${name} is missing`),
  ];
}

async function checkMounts(tree: RootfsTree): Promise<string[]> {
  const mounts = ((await tree.text('etc/fstab')) ?? '').split('\n').map((line) => line.trim().split(/\s+/));
  return ['/tmp', '/dev/shm'].flatMap((point) => {
    const options =
      mounts.find(([source = '#', where]) => !source.startsWith('#') && where === point)?.[3]?.split(',') ?? [];
    return ['nosuid', 'nodev']
      .filter((option) => !options.includes(option))
      .map((option) => `${point} is mounted without ${option}`);
  });
}

async function checkLimits(tree: RootfsTree): Promise<string[]> {
  const names = tree.names('etc/security/limits.d').filter((name) => name.endsWith('.conf'));
  const texts = await Promise.all(names.map((name) => tree.text(`etc/security/limits.d/${name}`)));
  const off = texts.some((text) => /^\s*\*\s+hard\s+core\s+0\s*$/m.test(text ?? ''));
  const found = off ? [] : ['programs may leave core dumps (/etc/security/limits.d)'];
  const manager = (await tree.text('etc/systemd/system.conf.d/ppec.conf')) ?? '';
  if (!/^DefaultLimitCORE=0$/m.test(manager)) found.push('services may leave core dumps (/etc/systemd/system.conf.d)');
  return found;
}

async function checkUpdates(tree: RootfsTree): Promise<string[]> {
  const names = tree.names('etc/apt/apt.conf.d');
  const texts = await Promise.all(names.map((name) => tree.text(`etc/apt/apt.conf.d/${name}`)));
  return texts.some((text) => /^APT::Periodic::Enable\s+"0";/m.test(text ?? ''))
    ? []
    : ['apt changes packages by itself'];
}

async function checkBoot(tree: RootfsTree): Promise<string[]> {
  const found: string[] = [];
  const there = tree.names('boot');
  for (const prefix of ['vmlinuz-', 'initrd.img-']) {
    if (!there.some((name) => name.startsWith(prefix))) found.push(`/boot has no ${prefix}*`);
  }
  const menu = (await tree.text('boot/grub/grub.cfg')) ?? '';
  if (!/^set superusers="\w+"$/m.test(menu))
    found.push('anyone at the console can edit the boot entry (/boot/grub/grub.cfg)');
  return found;
}

const sandbox = ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'ProtectHome=yes', 'CapabilityBoundingSet='] as const;

async function checkAgent(tree: RootfsTree): Promise<string[]> {
  const files = [
    'usr/bin/ppec-agent',
    'usr/lib/ppec/node',
    'usr/lib/ppec/agent.cjs',
    'usr/lib/ppec/after-seed',
    'usr/lib/ppec/make-host-key',
  ];
  const there = new Set(tree.entries.map((entry) => entry.path));
  const unit = (await tree.text('etc/systemd/system/ppec-agent.service')) ?? '';
  return [
    ...files.filter((path) => !there.has(path)).map((path) => `/${path} is missing`),
    ...sandbox.filter((line) => !unit.includes(`\n${line}`)).map((line) => `ppec-agent.service is without ${line}`),
  ];
}
