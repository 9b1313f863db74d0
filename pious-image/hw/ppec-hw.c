/*
 * ppec-hw: what Node cannot ask the kernel for: LLDP frames (AF_PACKET), facts of Ethernet ports (SIOCETHTOOL) and NVMe
 * Identify data (NVME_IOCTL_ADMIN_CMD). Facts go to standard output as JSON, binary ones in base64; what is wrong goes
 * to standard error with exit status 1. It interprets nothing that a parser of the evidence can interpret later.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/nvme_ioctl.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  COMPLAINTS_MAX = 64,
  PORTS_MAX = 128,
  MODULE_BYTES = 256,
  NVME_PAGE_BYTES = 4096,
  NVME_NAMESPACES_MAX = 16,
  NVME_TIMEOUT_MS = 10000,
  LINK_WORDS_MAX = 8,
};

/* Of a listener that runs for months, the first complaints tell all; the log is a file in memory. */
static void complain(const char *what, const char *object) {
  static int said = 0;
  if (said == COMPLAINTS_MAX) return;
  said += 1;
  fprintf(stderr, "ppec-hw: %s %s: %s\n", what, object, strerror(errno));
}

/* ---- JSON ---- */

/* Drivers fill fixed fields with what they like: only printable ASCII is kept, so that the text is JSON in any case. */
static void print_string(const char *text, size_t bytes_max) {
  putchar('"');
  for (size_t at = 0; at < bytes_max && text[at] != '\0'; at += 1) {
    unsigned char byte = (unsigned char)text[at];
    if (byte == '"' || byte == '\\') putchar('\\');
    putchar(byte >= 0x20 && byte < 0x7f ? byte : '?');
  }
  putchar('"');
}

static void print_text(const char *text, size_t bytes_max) {
  if (text[0] == '\0') fputs("null", stdout);
  else print_string(text, bytes_max);
}

static void print_base64(const uint8_t *data, size_t bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  putchar('"');
  for (size_t at = 0; at < bytes; at += 3) {
    size_t left = bytes - at;
    uint32_t group = (uint32_t)data[at] << 16;
    if (left > 1) group |= (uint32_t)data[at + 1] << 8;
    if (left > 2) group |= data[at + 2];
    putchar(digits[group >> 18]);
    putchar(digits[(group >> 12) & 63]);
    putchar(left > 1 ? digits[(group >> 6) & 63] : '=');
    putchar(left > 2 ? digits[group & 63] : '=');
  }
  putchar('"');
}

/* ---- Ports ---- */

static bool is_physical(const char *port) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "/sys/class/net/%s/device", port);
  return access(path, F_OK) == 0;
}

static int by_name(const void *a, const void *b) {
  return strcmp(a, b);
}

/* Names of the ports with hardware behind them, sorted; PORTS_MAX at most. */
static int physical_ports(char names[][IFNAMSIZ]) {
  DIR *folder = opendir("/sys/class/net");
  if (folder == NULL) return -1;
  int count = 0;
  for (struct dirent *entry = readdir(folder); entry != NULL && count < PORTS_MAX; entry = readdir(folder)) {
    size_t length = strlen(entry->d_name);
    if (entry->d_name[0] == '.' || length >= IFNAMSIZ || !is_physical(entry->d_name)) continue;
    memcpy(names[count], entry->d_name, length + 1);
    count += 1;
  }
  closedir(folder);
  qsort(names, (size_t)count, IFNAMSIZ, by_name);
  return count;
}

static int ethtool(int socket_fd, const char *port, void *request) {
  struct ifreq ifr;
  memset(&ifr, 0, sizeof ifr);
  memcpy(ifr.ifr_name, port, strnlen(port, IFNAMSIZ - 1));
  ifr.ifr_data = request;
  return ioctl(socket_fd, SIOCETHTOOL, &ifr);
}

#define SPEED(mbps, mode) {mbps, ETHTOOL_LINK_MODE_##mode##_BIT}
static const struct { int mbps; int bit; } link_modes[] = {
  SPEED(10, 10baseT_Half), SPEED(10, 10baseT_Full), SPEED(10, 10baseT1L_Full),
  SPEED(100, 100baseT_Half), SPEED(100, 100baseT_Full), SPEED(100, 100baseT1_Full), SPEED(100, 100baseFX_Half),
  SPEED(100, 100baseFX_Full),
  SPEED(1000, 1000baseT_Half), SPEED(1000, 1000baseT_Full), SPEED(1000, 1000baseKX_Full), SPEED(1000, 1000baseX_Full),
  SPEED(1000, 1000baseT1_Full),
  SPEED(2500, 2500baseX_Full), SPEED(2500, 2500baseT_Full), SPEED(5000, 5000baseT_Full),
  SPEED(10000, 10000baseT_Full), SPEED(10000, 10000baseKX4_Full), SPEED(10000, 10000baseKR_Full),
  SPEED(10000, 10000baseR_FEC), SPEED(10000, 10000baseCR_Full), SPEED(10000, 10000baseSR_Full),
  SPEED(10000, 10000baseLR_Full), SPEED(10000, 10000baseLRM_Full), SPEED(10000, 10000baseER_Full),
  SPEED(20000, 20000baseMLD2_Full), SPEED(20000, 20000baseKR2_Full),
  SPEED(25000, 25000baseCR_Full), SPEED(25000, 25000baseKR_Full), SPEED(25000, 25000baseSR_Full),
  SPEED(40000, 40000baseKR4_Full), SPEED(40000, 40000baseCR4_Full), SPEED(40000, 40000baseSR4_Full),
  SPEED(40000, 40000baseLR4_Full),
  SPEED(50000, 50000baseCR2_Full), SPEED(50000, 50000baseKR2_Full), SPEED(50000, 50000baseSR2_Full),
  SPEED(50000, 50000baseKR_Full), SPEED(50000, 50000baseSR_Full), SPEED(50000, 50000baseCR_Full),
  SPEED(50000, 50000baseLR_ER_FR_Full), SPEED(50000, 50000baseDR_Full),
  SPEED(56000, 56000baseKR4_Full), SPEED(56000, 56000baseCR4_Full), SPEED(56000, 56000baseSR4_Full),
  SPEED(56000, 56000baseLR4_Full),
  SPEED(100000, 100000baseKR4_Full), SPEED(100000, 100000baseSR4_Full), SPEED(100000, 100000baseCR4_Full),
  SPEED(100000, 100000baseLR4_ER4_Full), SPEED(100000, 100000baseKR2_Full), SPEED(100000, 100000baseSR2_Full),
  SPEED(100000, 100000baseCR2_Full), SPEED(100000, 100000baseLR2_ER2_FR2_Full), SPEED(100000, 100000baseDR2_Full),
  SPEED(100000, 100000baseKR_Full), SPEED(100000, 100000baseSR_Full), SPEED(100000, 100000baseLR_ER_FR_Full),
  SPEED(100000, 100000baseCR_Full), SPEED(100000, 100000baseDR_Full),
  SPEED(200000, 200000baseKR4_Full), SPEED(200000, 200000baseSR4_Full), SPEED(200000, 200000baseLR4_ER4_FR4_Full),
  SPEED(200000, 200000baseDR4_Full), SPEED(200000, 200000baseCR4_Full), SPEED(200000, 200000baseKR2_Full),
  SPEED(200000, 200000baseSR2_Full), SPEED(200000, 200000baseLR2_ER2_FR2_Full), SPEED(200000, 200000baseDR2_Full),
  SPEED(200000, 200000baseCR2_Full),
  SPEED(400000, 400000baseKR8_Full), SPEED(400000, 400000baseSR8_Full), SPEED(400000, 400000baseLR8_ER8_FR8_Full),
  SPEED(400000, 400000baseDR8_Full), SPEED(400000, 400000baseCR8_Full), SPEED(400000, 400000baseKR4_Full),
  SPEED(400000, 400000baseSR4_Full), SPEED(400000, 400000baseLR4_ER4_FR4_Full), SPEED(400000, 400000baseDR4_Full),
  SPEED(400000, 400000baseCR4_Full),
};

/* The fastest of the supported modes; 0 where the driver names none. */
static int max_mbps(int socket_fd, const char *port) {
  struct {
    struct ethtool_link_settings settings;
    uint32_t words[3 * LINK_WORDS_MAX];
  } request;
  memset(&request, 0, sizeof request);
  request.settings.cmd = ETHTOOL_GLINKSETTINGS;
  if (ethtool(socket_fd, port, &request) != 0) return 0;
  /* The kernel answers the first call with the number of words it wants, negated (linux/ethtool.h). */
  int words = -request.settings.link_mode_masks_nwords;
  if (words <= 0 || words > LINK_WORDS_MAX) return 0;
  memset(&request, 0, sizeof request);
  request.settings.cmd = ETHTOOL_GLINKSETTINGS;
  request.settings.link_mode_masks_nwords = (__s8)words;
  if (ethtool(socket_fd, port, &request) != 0) return 0;
  int fastest = 0;
  for (size_t at = 0; at < sizeof link_modes / sizeof *link_modes; at += 1) {
    int bit = link_modes[at].bit;
    bool is_supported = bit / 32 < words && ((request.words[bit / 32] >> (bit % 32)) & 1) != 0;
    if (is_supported && link_modes[at].mbps > fastest) fastest = link_modes[at].mbps;
  }
  return fastest;
}

static void print_permanent_mac(int socket_fd, const char *port) {
  struct {
    struct ethtool_perm_addr address;
    uint8_t bytes[32];
  } request;
  memset(&request, 0, sizeof request);
  request.address.cmd = ETHTOOL_GPERMADDR;
  request.address.size = sizeof request.bytes;
  uint8_t any = 0;
  bool is_read = ethtool(socket_fd, port, &request) == 0 && request.address.size == ETH_ALEN;
  for (int at = 0; at < ETH_ALEN; at += 1) any |= request.bytes[at];
  if (!is_read || any == 0) {
    fputs("null", stdout);
    return;
  }
  for (int at = 0; at < ETH_ALEN; at += 1) printf("%s%02x", at == 0 ? "\"" : ":", request.bytes[at]);
  putchar('"');
}

/* The first page of the module's memory (SFF-8472 A0h, SFF-8636 and CMIS lower and upper page 0). */
static void print_module(int socket_fd, const char *port) {
  struct {
    struct ethtool_eeprom eeprom;
    uint8_t bytes[MODULE_BYTES];
  } request;
  struct ethtool_modinfo info;
  memset(&info, 0, sizeof info);
  memset(&request, 0, sizeof request);
  info.cmd = ETHTOOL_GMODULEINFO;
  request.eeprom.cmd = ETHTOOL_GMODULEEEPROM;
  bool is_there = ethtool(socket_fd, port, &info) == 0 && info.eeprom_len > 0;
  request.eeprom.len = info.eeprom_len < MODULE_BYTES ? info.eeprom_len : MODULE_BYTES;
  if (is_there && ethtool(socket_fd, port, &request) == 0 && request.eeprom.len <= MODULE_BYTES)
    print_base64(request.bytes, request.eeprom.len);
  else fputs("null", stdout);
}

static void print_port(int socket_fd, const char *port) {
  struct ethtool_drvinfo info;
  memset(&info, 0, sizeof info);
  info.cmd = ETHTOOL_GDRVINFO;
  /* A driver without this call leaves the fields empty: null. */
  if (ethtool(socket_fd, port, &info) != 0) memset(&info, 0, sizeof info);
  print_string(port, IFNAMSIZ);
  fputs(": {\"driver\": ", stdout);
  print_text(info.driver, sizeof info.driver);
  fputs(", \"version\": ", stdout);
  print_text(info.version, sizeof info.version);
  fputs(", \"firmware\": ", stdout);
  print_text(info.fw_version, sizeof info.fw_version);
  fputs(", \"bus\": ", stdout);
  print_text(info.bus_info, sizeof info.bus_info);
  fputs(", \"permanentMac\": ", stdout);
  print_permanent_mac(socket_fd, port);
  int fastest = max_mbps(socket_fd, port);
  if (fastest == 0) fputs(", \"maxMbps\": null", stdout);
  else printf(", \"maxMbps\": %d", fastest);
  fputs(", \"module\": ", stdout);
  print_module(socket_fd, port);
  putchar('}');
}

static int ports(int count, char **named) {
  static char names[PORTS_MAX][IFNAMSIZ];
  int found = 0;
  for (; found < count && found < PORTS_MAX; found += 1) snprintf(names[found], IFNAMSIZ, "%s", named[found]);
  if (count == 0) found = physical_ports(names);
  int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (found < 0 || socket_fd < 0) {
    complain("cannot read", "the ports");
    return 1;
  }
  putchar('{');
  for (int at = 0; at < found; at += 1) {
    fputs(at == 0 ? "\n " : ",\n ", stdout);
    print_port(socket_fd, names[at]);
  }
  puts("\n}");
  return 0;
}

/* ---- NVMe Identify (NVM Express Base Specification 2.0 §5.17) ---- */

static int identify(int fd, uint8_t structure, uint32_t namespace_id, uint8_t *page) {
  struct nvme_admin_cmd command;
  memset(&command, 0, sizeof command);
  memset(page, 0, NVME_PAGE_BYTES);
  command.opcode = 0x06;
  command.nsid = namespace_id;
  command.addr = (uint64_t)(uintptr_t)page;
  command.data_len = NVME_PAGE_BYTES;
  command.cdw10 = structure;
  command.timeout_ms = NVME_TIMEOUT_MS;
  return ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);
}

static int nvme_identify(const char *device) {
  static _Alignas(NVME_PAGE_BYTES) uint8_t page[NVME_PAGE_BYTES];
  int fd = open(device, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    complain("cannot open", device);
    return 1;
  }
  int status = identify(fd, 0x01, 0, page);
  if (status != 0) {
    if (status > 0) fprintf(stderr, "ppec-hw: %s refuses Identify with status 0x%x\n", device, (unsigned)status);
    else complain("cannot identify", device);
    return 1;
  }
  /* Bytes 516 to 519: the highest namespace id. */
  uint32_t last = page[516] | (uint32_t)page[517] << 8 | (uint32_t)page[518] << 16 | (uint32_t)page[519] << 24;
  if (last > NVME_NAMESPACES_MAX) last = NVME_NAMESPACES_MAX;
  fputs("{\"controller\": ", stdout);
  print_base64(page, sizeof page);
  fputs(", \"namespaces\": {", stdout);
  bool is_first = true;
  for (uint32_t id = 1; id <= last; id += 1) {
    /* An id without a namespace is refused, or answered with zeros (§5.17.2.2). */
    if (identify(fd, 0x00, id, page) != 0) continue;
    uint8_t any = 0;
    for (size_t at = 0; at < sizeof page; at += 1) any |= page[at];
    if (any == 0) continue;
    printf("%s\"%u\": ", is_first ? "" : ", ", id);
    print_base64(page, sizeof page);
    is_first = false;
  }
  puts("}}");
  return 0;
}

/* ---- LLDP listener (IEEE 802.1AB-2016) ---- */

enum {
  LISTENED_MAX = 64,
  NEIGHBOURS_MAX = 8,
  FRAME_BYTES_MAX = 9216,
  FRAME_BYTES_MIN = ETH_HLEN + 2,
  RESCAN_MS = 2000,
  TTL_UNREADABLE_S = 120,
  /* IFF_LOWER_UP, which <net/if.h> lacks: the driver sees the other end. */
  LOWER_UP = 1 << 16,
};

struct neighbour {
  uint8_t mac[ETH_ALEN];
  bool is_used;
  time_t heard_s;
  time_t ttl_s;
};

struct listened {
  int index;
  char name[IFNAMSIZ];
  bool is_seen;
  /* How often its link went or came. */
  bool is_counted;
  uint32_t link_changes;
  struct neighbour neighbours[NEIGHBOURS_MAX];
};

struct listener {
  int socket_fd;
  int links_fd;
  int folder_fd;
  int count;
  struct listened ports[LISTENED_MAX];
};

static volatile sig_atomic_t is_ended = 0;

static void end(int signal_number) {
  (void)signal_number;
  is_ended = 1;
}

/* Seconds that count on while the machine sleeps and that no correction of the wall clock touches. */
static time_t boot_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

/* Written beside and renamed: a reader sees the whole of the old file or of the new one. */
static bool write_file(int folder_fd, const char *name, const void *data, size_t bytes) {
  static const char beside[] = ".new";
  int fd = openat(folder_fd, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  bool is_whole = write(fd, data, bytes) == (ssize_t)bytes;
  if (close(fd) != 0) is_whole = false;
  return is_whole && renameat(folder_fd, beside, folder_fd, name) == 0;
}

static void frame_name(char *name, size_t bytes, const struct listened *port, const uint8_t *mac) {
  snprintf(name, bytes, "%s.%02x%02x%02x%02x%02x%02x.frame", port->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void forget(struct listener *listener, struct listened *port, struct neighbour *neighbour) {
  char name[IFNAMSIZ + 32];
  frame_name(name, sizeof name, port, neighbour->mac);
  unlinkat(listener->folder_fd, name, 0);
  neighbour->is_used = false;
}

/* How long the facts of a frame hold: its third TLV (§8.5.4). */
static time_t ttl_of(const uint8_t *frame, size_t bytes) {
  size_t at = ETH_HLEN;
  for (int nth = 1; at + 2 <= bytes; nth += 1) {
    size_t length = (size_t)(frame[at] & 1) << 8 | frame[at + 1];
    if (at + 2 + length > bytes) break;
    if (nth == 3) return frame[at] >> 1 == 3 && length >= 2 ? frame[at + 2] << 8 | frame[at + 3] : TTL_UNREADABLE_S;
    at += 2 + length;
  }
  return TTL_UNREADABLE_S;
}

/* The neighbour with this address, a free place for it, or that of the one not heard for the longest time. */
static struct neighbour *place_for(struct listener *listener, struct listened *port, const uint8_t *mac) {
  struct neighbour *place = NULL;
  for (int at = 0; at < NEIGHBOURS_MAX; at += 1) {
    struct neighbour *each = &port->neighbours[at];
    if (each->is_used && memcmp(each->mac, mac, ETH_ALEN) == 0) return each;
    if (place == NULL || (place->is_used && (!each->is_used || each->heard_s < place->heard_s))) place = each;
  }
  if (place->is_used) forget(listener, port, place);
  memcpy(place->mac, mac, ETH_ALEN);
  return place;
}

static void keep_frame(struct listener *listener, int index, const uint8_t *frame, size_t bytes) {
  for (int at = 0; at < listener->count; at += 1) {
    struct listened *port = &listener->ports[at];
    if (port->index != index) continue;
    struct neighbour *neighbour = place_for(listener, port, frame + ETH_ALEN);
    char name[IFNAMSIZ + 32];
    frame_name(name, sizeof name, port, neighbour->mac);
    if (!write_file(listener->folder_fd, name, frame, bytes)) complain("cannot write", name);
    neighbour->is_used = true;
    neighbour->heard_s = boot_seconds();
    neighbour->ttl_s = ttl_of(frame, bytes);
    /* A time to live of 0: the neighbour says that it goes away (§9.2.7.4). */
    if (neighbour->ttl_s == 0) forget(listener, port, neighbour);
    return;
  }
}

static void listen_on(struct listener *listener, const char *name) {
  int index = (int)if_nametoindex(name);
  if (index == 0) return;
  for (int at = 0; at < listener->count; at += 1) {
    struct listened *port = &listener->ports[at];
    if (port->index != index) continue;
    /* A renamed port: its frames bear the old name. */
    if (strcmp(port->name, name) != 0) break;
    port->is_seen = true;
    return;
  }
  if (listener->count == LISTENED_MAX) return;
  struct packet_mreq membership = {
    .mr_ifindex = index,
    .mr_type = PACKET_MR_MULTICAST,
    .mr_alen = ETH_ALEN,
    /* Nearest bridge: never forwarded, so the sender is the other end of the cable (§7.1). */
    .mr_address = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e},
  };
  if (setsockopt(listener->socket_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) {
    complain("cannot listen on", name);
    return;
  }
  struct listened *port = &listener->ports[listener->count];
  memset(port, 0, sizeof *port);
  port->index = index;
  port->is_seen = true;
  snprintf(port->name, sizeof port->name, "%s", name);
  listener->count += 1;
}

/* Ports come with late drivers and go with pulled cards; neighbours that are silent for too long are gone. */
static void rescan(struct listener *listener, int count, char **named) {
  static char names[PORTS_MAX][IFNAMSIZ];
  for (int at = 0; at < listener->count; at += 1) listener->ports[at].is_seen = false;
  int found = count > 0 ? 0 : physical_ports(names);
  for (int at = 0; at < count; at += 1) listen_on(listener, named[at]);
  for (int at = 0; at < found; at += 1) listen_on(listener, names[at]);
  time_t now_s = boot_seconds();
  for (int at = listener->count - 1; at >= 0; at -= 1) {
    struct listened *port = &listener->ports[at];
    for (int nth = 0; nth < NEIGHBOURS_MAX; nth += 1) {
      struct neighbour *each = &port->neighbours[nth];
      if (each->is_used && (!port->is_seen || now_s - each->heard_s > each->ttl_s)) forget(listener, port, each);
    }
    if (port->is_seen) continue;
    listener->count -= 1;
    if (at != listener->count) *port = listener->ports[listener->count];
  }
}

/* Tells of links that go and come; -1 where it cannot. */
static int open_link_news(void) {
  struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd >= 0 && bind(fd, (struct sockaddr *)&links, sizeof links) == 0) return fd;
  complain("cannot watch", "the links");
  if (fd >= 0) close(fd);
  return -1;
}

/* A cable that was out may be in another switch port now: what was heard through it is nothing to go by. */
static void link_told(struct listener *listener, int index, bool is_up, uint32_t changes) {
  for (int at = 0; at < listener->count; at += 1) {
    struct listened *port = &listener->ports[at];
    if (port->index != index) continue;
    bool was_out = !is_up || (port->is_counted && port->link_changes != changes);
    port->is_counted = true;
    port->link_changes = changes;
    for (int nth = 0; was_out && nth < NEIGHBOURS_MAX; nth += 1)
      if (port->neighbours[nth].is_used) forget(listener, port, &port->neighbours[nth]);
  }
}

static void read_link_news(struct listener *listener) {
  static _Alignas(struct nlmsghdr) uint8_t news[32768];
  ssize_t bytes = recv(listener->links_fd, news, sizeof news, 0);
  if (bytes <= 0) return;
  unsigned int left = (unsigned int)bytes;
  for (struct nlmsghdr *head = (struct nlmsghdr *)news; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
    if (head->nlmsg_type != RTM_NEWLINK || head->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg))) continue;
    const struct ifinfomsg *link = NLMSG_DATA(head);
    unsigned int attributes = (unsigned int)IFLA_PAYLOAD(head);
    for (struct rtattr *each = IFLA_RTA(link); RTA_OK(each, attributes); each = RTA_NEXT(each, attributes))
      if (each->rta_type == IFLA_CARRIER_CHANGES && RTA_PAYLOAD(each) == sizeof(uint32_t))
        link_told(listener, link->ifi_index, (link->ifi_flags & LOWER_UP) != 0, *(const uint32_t *)RTA_DATA(each));
  }
}

/* `since` is when listening began, by the wall clock as it goes now: set right later, it still is that long ago. */
static void write_since(struct listener *listener, const struct timespec *started) {
  static int64_t written_ms = INT64_MIN;
  struct timespec now, wall;
  clock_gettime(CLOCK_BOOTTIME, &now);
  clock_gettime(CLOCK_REALTIME, &wall);
  int64_t listened_ms = (int64_t)(now.tv_sec - started->tv_sec) * 1000 + (now.tv_nsec - started->tv_nsec) / 1000000;
  int64_t since_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - listened_ms;
  if (written_ms != INT64_MIN && llabs(since_ms - written_ms) < 1000) return;
  char text[32];
  int bytes = snprintf(text, sizeof text, "%lld\n", (long long)since_ms);
  if (write_file(listener->folder_fd, "since", text, (size_t)bytes)) written_ms = since_ms;
  else complain("cannot write", "since");
}

static void remove_old_frames(int folder_fd) {
  int fd = dup(folder_fd);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL) return;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    const char *dot = strrchr(entry->d_name, '.');
    if (dot != NULL && strcmp(dot, ".frame") == 0) unlinkat(folder_fd, entry->d_name, 0);
  }
  closedir(folder);
}

static int lldp(const char *folder, int count, char **named) {
  static struct listener listener;
  static uint8_t frame[FRAME_BYTES_MAX];
  struct timespec started;
  if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
    complain("cannot make", folder);
    return 1;
  }
  listener.folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listener.folder_fd < 0) {
    complain("cannot open", folder);
    return 1;
  }
  /* Protocol 0: nothing is received before every port is known; bind() below names the protocol. */
  listener.socket_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_ll any_port = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_LLDP)};
  if (listener.socket_fd < 0 || bind(listener.socket_fd, (struct sockaddr *)&any_port, sizeof any_port) != 0) {
    complain("cannot listen for", "LLDP");
    return 1;
  }
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  listener.links_fd = open_link_news();
  remove_old_frames(listener.folder_fd);
  clock_gettime(CLOCK_BOOTTIME, &started);
  time_t scanned_s = 0;
  while (!is_ended) {
    /* Frames that never stop must not keep new ports out. */
    if (scanned_s == 0 || boot_seconds() - scanned_s >= RESCAN_MS / 1000) {
      rescan(&listener, count, named);
      write_since(&listener, &started);
      scanned_s = boot_seconds();
    }
    struct pollfd wait[] = {
      {.fd = listener.socket_fd, .events = POLLIN},
      {.fd = listener.links_fd, .events = POLLIN},
    };
    if (poll(wait, 2, RESCAN_MS) <= 0) continue;
    /* Before the frames: those came after it. */
    if (wait[1].revents != 0) read_link_news(&listener);
    if (wait[0].revents == 0) continue;
    struct sockaddr_ll from;
    socklen_t from_bytes = sizeof from;
    ssize_t bytes =
      recvfrom(listener.socket_fd, frame, sizeof frame, MSG_TRUNC, (struct sockaddr *)&from, &from_bytes);
    /* Truncated: longer than any LLDP frame. ENETDOWN and the like: the port is found again when it is up. */
    if (bytes < FRAME_BYTES_MIN || bytes > FRAME_BYTES_MAX || from.sll_pkttype == PACKET_OUTGOING) continue;
    keep_frame(&listener, from.sll_ifindex, frame, (size_t)bytes);
  }
  return 0;
}

static const char usage[] =
  "usage: ppec-hw lldp DIR [PORT...]      keeps the newest LLDP frames in DIR until SIGTERM\n"
  "       ppec-hw ports [PORT...]         facts of the Ethernet ports\n"
  "       ppec-hw nvme-identify DEVICE    Identify data of an NVMe controller and its namespaces\n"
  "Without PORT: every port with hardware behind it.\n";

static int run(int count, char **words) {
  const char *verb = count > 1 ? words[1] : "";
  if (strcmp(verb, "lldp") == 0 && count >= 3) return lldp(words[2], count - 3, words + 3);
  if (strcmp(verb, "ports") == 0) return ports(count - 2, words + 2);
  if (strcmp(verb, "nvme-identify") == 0 && count == 3) return nvme_identify(words[2]);
  fputs(usage, stderr);
  return 2;
}

int main(int count, char **words) {
  int status = run(count, words);
  /* Facts that did not all get through are none. */
  if (fflush(stdout) != 0 && status == 0) status = 1;
  return status;
}
