// Which kernel drivers PIOUS carries. Names as in the kernel tree; what they depend on is added by `module-closure.ts`.

export type Profile = 'test' | 'release';

/** What QEMU can be given. */
const emulated = [
  // Ports and disks
  'virtio_pci', 'virtio_net', 'virtio_blk', 'virtio_scsi', 'e1000', 'e1000e', 'nvme', 'ahci', 'sd_mod',
  // The disk image's root file system, and what mounting it asks for by name
  'ext4', 'crc32c_generic', 'crc32c_intel', 'crc32_pclmul',
  // The burn-in's tool image
  'squashfs', 'loop',
  // Management, watchdog, entropy, console
  'ipmi_si', 'ipmi_devintf', 'i6300esb', 'iTCO_wdt', 'lpc_ich', 'i2c_i801', 'virtio_rng', 'efivarfs', 'evdev',
]; // prettier-ignore

/** What stands in racks. Drivers whose device works only with a firmware file that Debian's `main` lacks still name it. */
const servers = [
  // NVMe, behind Intel VMD too
  'vmd', 'nvme_tcp',
  // SATA and SAS: host adapters and RAID controllers
  'ata_piix', 'megaraid_sas', 'megaraid_mbox', 'mpt3sas', 'mpi3mr', 'mptsas', 'smartpqi', 'hpsa', 'aacraid', 'arcmsr',
  'isci', 'mvsas', 'pm80xx', 'ses', 'sg',
  // Fibre channel
  'lpfc', 'qla2xxx',
  // Ethernet: Intel
  'igb', 'igbvf', 'igc', 'ixgbe', 'ixgbevf', 'i40e', 'iavf', 'ice',
  // Ethernet: Broadcom, Marvell (QLogic), NVIDIA (Mellanox), and others
  'tg3', 'bnx2', 'bnx2x', 'bnxt_en', 'qede', 'mlx4_core', 'mlx4_en', 'mlx5_core', 'r8169', 'atlantic', 'be2net', 'cxgb4',
  'enic', 'sfc', 'nfp',
  // Management controllers: IPMI by any way, their USB keyboard and storage. Not their USB network: it hands out an
  // address that leads nowhere.
  'ipmi_ssif', 'acpi_ipmi', 'xhci_pci', 'ehci_pci', 'uhci_hcd', 'usbhid', 'hid_generic', 'usb_storage',
  // Memory errors
  'skx_edac', 'i10nm_edac', 'sb_edac', 'ie31200_edac', 'amd64_edac', 'igen6_edac', 'i7core_edac', 'pnd2_edac', 'msr',
  // Temperatures, and what is soldered to the board
  'coretemp', 'k10temp', 'drivetemp', 'acpi_power_meter', 'jc42', 'ee1004', 'i2c_piix4', 'mei_me',
  // Watchdogs. Not ipmi_watchdog and hpwdt: they stay armed over kexec and would reset the system that was started.
  'wdat_wdt', 'sp5100_tco',
  // File systems: EFI system partitions
  'vfat', 'nls_cp437', 'nls_ascii', 'nls_iso8859_1',
  // Guests of other hypervisors
  'vmxnet3', 'vmw_pvscsi', 'hv_netvsc', 'hv_storvsc', 'ena',
]; // prettier-ignore

export const modulesOf: Readonly<Record<Profile, readonly string[]>> = {
  test: emulated,
  release: [...emulated, ...servers],
};
