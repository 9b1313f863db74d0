/* Sends one Ethernet frame, given in hex, through a port: what a switch does, for the tests of the LLDP listener. */
#include <net/if.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char **words) {
  unsigned char frame[9000];
  if (count != 3) return 2;
  size_t bytes = strlen(words[2]) / 2;
  if (bytes > sizeof frame) return 2;
  for (size_t at = 0; at < bytes; at += 1)
    if (sscanf(words[2] + 2 * at, "%2hhx", &frame[at]) != 1) return 2;
  struct sockaddr_ll port = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(words[1])};
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  if (fd < 0 || sendto(fd, frame, bytes, 0, (struct sockaddr *)&port, sizeof port) != (ssize_t)bytes) {
    perror("send-frame");
    return 1;
  }
  return 0;
}
