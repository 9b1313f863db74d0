// What a lab server is made of, and the QEMU command line that makes it.

import type { BmcPorts } from './bmc.ts';
import type { DimmSpec } from './smbios.ts';

/** QEMU's NVMe controller has a fixed model name. In a bay it can be changed while the server runs. */
export type NvmeSpec = {
  readonly kind: 'nvme';
  readonly serial: string;
  readonly sizeBytes: number;
  readonly inBay?: true;
};

export type DiskSpec =
  NvmeSpec | { readonly kind: 'sata'; readonly serial: string; readonly model?: string; readonly sizeBytes: number };

export interface NicSpec {
  readonly mac: string;
  /** Whether a cable is in; up unless said otherwise. */
  readonly link?: 'up' | 'down';
}

export interface ServerSpec {
  readonly name: string;
  readonly serial: string;
  readonly uuid: string;
  readonly manufacturer: string;
  readonly product: string;
  readonly assetTag?: string;
  readonly cpus: number;
  /** The memory the guest can use; the DIMMs are only what the firmware says. */
  readonly memoryMiB: number;
  readonly dimms: readonly DimmSpec[];
  /** Memory structures of another machine (SMBIOS types 16 and 17, with their texts) in place of those of `dimms`. */
  readonly memoryStructures?: readonly Uint8Array[];
  readonly disks: readonly DiskSpec[];
  readonly nics: readonly NicSpec[];
  readonly hasBmc?: boolean;
}

export interface ServerFiles {
  readonly console: string;
  readonly qmpSocket: string;
  /** One per disk, in order. */
  readonly disks: readonly string[];
  /** One per SMBIOS structure. */
  readonly smbios: readonly string[];
  /** One network interface of the namespace per NIC, in order. */
  readonly taps: readonly string[];
  readonly bmc: BmcPorts | undefined;
  /** The control socket of the TPM that is fitted. */
  readonly tpmSocket?: string;
}

export const qemu = 'qemu-system-x86_64';

const maxSocketPath = 107;
const sataPorts = 6;

/** Throws RangeError on what QEMU would refuse late or cut off silently. */
export function validateSpec(spec: ServerSpec, qmpSocket: string): void {
  requireMatch('name', spec.name, /^[A-Za-z0-9._-]{1,64}$/);
  requireMatch('serial', spec.serial, /^[A-Za-z0-9._-]{1,64}$/);
  requireMatch('uuid', spec.uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  for (const text of [spec.manufacturer, spec.product, spec.assetTag ?? '-']) {
    requireMatch('text', text, /^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/);
  }
  for (const disk of spec.disks) {
    requireMatch('disk serial', disk.serial, /^[A-Za-z0-9._-]{1,20}$/);
    if (disk.kind === 'sata' && disk.model !== undefined) requireMatch('disk model', disk.model, /^[\x20-\x7e]{1,40}$/);
  }
  for (const nic of spec.nics) requireMatch('mac', nic.mac, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i);
  if (spec.disks.filter(({ kind }) => kind === 'sata').length > sataPorts) {
    throw new RangeError(`a lab server has ${String(sataPorts)} SATA ports`);
  }
  if (Buffer.byteLength(qmpSocket) > maxSocketPath) {
    throw new RangeError(`the lab folder is too deep for a socket path: ${qmpSocket}`);
  }
}

function requireMatch(name: string, value: string, pattern: RegExp): void {
  if (!pattern.test(value)) throw new RangeError(`server ${name} is not usable: ${JSON.stringify(value)}`);
}

/** The arguments for QEMU. The machine starts paused, so that cables can be pulled first. */
export function qemuArguments(spec: ServerSpec, files: ServerFiles): string[] {
  const cpus = String(spec.cpus);
  return [
    ['-name', escape(spec.name), '-nodefaults', '-no-user-config', '-S', '-display', 'none'],
    // Without graphics the firmware mirrors its text screen to the serial port; the VGA card is there all the same.
    ['-machine', 'q35,graphics=off', '-accel', 'tcg,thread=multi', '-cpu', 'max,la57=off'],
    ['-smp', `cpus=${cpus},sockets=1,cores=${cpus},threads=1`, '-m', `${String(spec.memoryMiB)}M`],
    ['-uuid', spec.uuid, ...identityArguments(spec)],
    files.smbios.flatMap((path) => ['-smbios', `file=${escape(path)}`]),
    // Like a real server: only the listed devices, and from the top again when none of them boots.
    ['-boot', 'strict=on,reboot-timeout=2000', '-vga', 'std'],
    ['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'],
    ['-chardev', `file,id=console,path=${escape(files.console)},append=on`, '-serial', 'chardev:console'],
    ['-chardev', `socket,id=qmp,path=${escape(files.qmpSocket)},server=on,wait=off`, '-mon', 'qmp,mode=control'],
    spec.nics.flatMap((nic, index) => nicArguments(nic, index, files.taps[index] ?? '')),
    diskArguments(spec, files),
    bmcArguments(files.bmc),
    tpmArguments(files.tpmSocket),
  ].flat();
}

function identityArguments(spec: ServerSpec): string[] {
  const maker = `manufacturer=${escape(spec.manufacturer)}`;
  const product = `product=${escape(spec.product)}`;
  const asset = spec.assetTag === undefined ? '' : `,asset=${escape(spec.assetTag)}`;
  return [
    `type=0,vendor=${escape(spec.manufacturer)},version=1.0.0,date=01/02/2024,release=1.0`,
    `type=1,${maker},${product},version=1,serial=${spec.serial},uuid=${spec.uuid},sku=lab,family=lab`,
    `type=2,${maker},${product},version=1,serial=${spec.serial}.board${asset},location=chassis`,
    `type=3,${maker},version=1,serial=${spec.serial},sku=lab${asset}`,
    `type=4,sock_pfx=CPU,${maker},version=Lab processor,serial=${spec.serial}.cpu,part=lab,asset=none`,
  ].flatMap((value) => ['-smbios', value]);
}

/** Only the first NIC has a boot ROM: a server boots from one port. */
function nicArguments(nic: NicSpec, index: number, tap: string): string[] {
  const boot = index === 0 ? 'bootindex=1' : 'romfile=';
  const id = String(index);
  return [
    '-netdev',
    `tap,id=net${id},ifname=${tap},script=no,downscript=no`,
    '-device',
    `virtio-net-pci,id=nic${id},netdev=net${id},mac=${nic.mac},${boot}`,
  ];
}

function diskArguments(spec: ServerSpec, files: ServerFiles): string[] {
  let sataPort = 0;
  return spec.disks.flatMap((disk, index) => {
    const id = `disk${String(index)}`;
    const common = `drive=${id},serial=${disk.serial},bootindex=${String(index + 2)}`;
    const drive = `if=none,id=${id},format=raw,discard=unmap,file=${escape(files.disks[index] ?? '')}`;
    if (disk.kind === 'nvme') {
      const bay = disk.inBay === true ? bayArguments(index) : [];
      const bus = disk.inBay === true ? `,bus=${bayName(index)}` : '';
      return ['-drive', drive, ...bay, '-device', `nvme,id=${nvmeName(index)},${common}${bus}`];
    }
    const model = disk.model === undefined ? '' : `,model=${escape(disk.model)}`;
    const device = `ide-hd,bus=ide.${String(sataPort)},${common}${model}`;
    sataPort += 1;
    return ['-drive', drive, '-device', device];
  });
}

/** QEMU's names of the controller of a disk, and of the port that its bay is. */
export const nvmeName = (disk: number): string => `nvme${disk}`;
export const bayName = (disk: number): string => `bay${disk}`;

/** A PCIe port of its own, as a bay has. */
function bayArguments(disk: number): string[] {
  return ['-device', `pcie-root-port,id=${bayName(disk)},chassis=${disk + 1},slot=${disk + 1}`];
}

function bmcArguments(ports: BmcPorts | undefined): string[] {
  if (ports === undefined) return [];
  return [
    ['-chardev', `socket,id=bmc,host=127.0.0.1,port=${ports.system},reconnect=1`],
    ['-device', 'ipmi-bmc-extern,id=bmc0,chardev=bmc', '-device', 'isa-ipmi-kcs,bmc=bmc0'],
  ].flat();
}

function tpmArguments(socket: string | undefined): string[] {
  if (socket === undefined) return [];
  return [
    ['-chardev', `socket,id=tpm,path=${escape(socket)}`],
    ['-tpmdev', 'emulator,id=tpm0,chardev=tpm', '-device', 'tpm-tis,tpmdev=tpm0'],
  ].flat();
}

/** In a QEMU option list a comma is written twice. */
function escape(value: string): string {
  return value.replaceAll(',', ',,');
}
