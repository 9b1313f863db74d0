// iPXE scripts. Pure. URLs are absolute: old iPXE builds do not resolve relative ones.

/** The first script, the same for every machine: come back and say who you are. */
export function chainScript(bootUrl: string): string {
  return [
    '#!ipxe',
    `chain ${bootUrl}/boot/script?mac=\${net0/mac}&uuid=\${uuid}&serial=\${serial:uristring} || goto retry`,
    // The second script ended by itself: the machine is to boot from its disk.
    'exit',
    ':retry',
    'echo PPEC: the controller does not answer. Next attempt in 10 seconds.',
    'sleep 10',
    `chain ${bootUrl}/boot/ipxe || goto retry`,
    '',
  ].join('\n');
}

export type PiousBoot = {
  readonly bootUrl: string;
  readonly agentUrl: string;
  readonly caSha256: string;
  readonly token: string;
  readonly mac: string;
  readonly nowMs: number;
  readonly extraCmdline: string;
};

/** Boots PIOUS with the address, the CA's fingerprint and a one-time token of this machine. */
export function piousScript(boot: PiousBoot): string {
  const cmdline = [
    'initrd=initramfs.img',
    'console=tty0',
    'console=ttyS0,115200',
    `ppec.controller=${boot.agentUrl}`,
    `ppec.boot=${boot.bootUrl}`,
    `ppec.ca=${boot.caSha256}`,
    `ppec.token=${boot.token}`,
    `ppec.mac=${boot.mac}`,
    // A server whose battery is dead starts in 1970, where no certificate is valid.
    `ppec.time=${Math.floor(boot.nowMs / 1000)}`,
    boot.extraCmdline,
  ].filter((word) => word !== '');
  return [
    '#!ipxe',
    `kernel ${boot.bootUrl}/boot/pious/vmlinuz ${cmdline.join(' ')}`,
    `initrd ${boot.bootUrl}/boot/pious/initramfs.img`,
    'boot',
    '',
  ].join('\n');
}

/** A production machine that asked the network first: it goes on to its disk. */
export function localDiskScript(): string {
  return ['#!ipxe', 'echo PPEC: this machine is in production; booting from its disk.', 'exit', ''].join('\n');
}

export function waitScript(reason: string): string {
  return ['#!ipxe', `echo PPEC: ${reason.replaceAll(/[^\x20-\x7e]/g, ' ')}`, 'sleep 10', 'reboot', ''].join('\n');
}
