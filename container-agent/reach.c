#define _GNU_SOURCE
#include "reach.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000 };

int reach(void) {
  const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
  struct sockaddr_storage address;
  struct sockaddr_in *four = (struct sockaddr_in *)&address;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
  socklen_t size;
  memset(&address, 0, sizeof address);
  if (host == NULL || port == NULL) return 2;
  uint16_t number = htons((uint16_t)atoi(port));
  if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = number;
    size = sizeof *four;
  } else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = number;
    size = sizeof *six;
  } else return 2;
  int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), problem = 0;
  if (fd < 0) return 1;
  if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) return errno == ECONNREFUSED ? 0 : 1;
  struct pollfd one = {fd, POLLOUT, 0};
  socklen_t length = sizeof problem;
  if (poll(&one, 1, PATIENCE_MS) <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) < 0) return 1;
  return problem == 0 || problem == ECONNREFUSED ? 0 : 1;
}
