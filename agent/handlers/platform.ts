// What a handler may do to the machine. The host's implementation stands in host-platform.ts; a simulated region has its
// own, with files for disks.

export type DiskDevice = { readonly path: string; readonly sizeBytes: number };

export type Platform = {
  /** The disk with this serial, never one by its kernel name alone. */
  readonly findDisk: (serial: string) => Promise<DiskDevice | undefined>;
  /** Mounts one partition of a disk just written, and unmounts it whatever `use` does. */
  readonly withPartition: <T>(disk: DiskDevice, partition: number, use: (root: string) => Promise<T>) => Promise<T>;
  readonly loadKernel: (kernel: {
    readonly kernelPath: string;
    readonly initrdPath: string;
    readonly cmdline: string;
  }) => Promise<void>;
  /** Starts the loaded kernel; on a real machine it does not return. */
  readonly startKernel: () => Promise<void>;
};

/** A handler's failure that the controller acts upon by code. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';
  readonly code: HandlerErrorCode;

  constructor(code: HandlerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type HandlerErrorCode =
  | 'disk-not-found'
  | 'disk-too-small'
  | 'image-unreachable'
  | 'image-corrupt'
  | 'image-signature'
  | 'image-incomplete'
  | 'nothing-to-boot'
  | 'kernel-not-loaded'
  | 'pious-only'
  | 'cancelled';
