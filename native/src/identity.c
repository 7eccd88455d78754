/* Users and groups of an image, from its own /etc/passwd and /etc/group (passwd(5), group(5)). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay.h"

enum { LONGEST_LINE = 65536, FIELDS = 7 };

static bool is_number(const char *text) { return *text != 0 && strspn(text, "0123456789") == strlen(text); }

/* Cuts a line at its colons; the number of fields. */
static int split(char *line, char *fields[FIELDS]) {
  int count = 0;
  line[strcspn(line, "\n")] = 0;
  for (char *at = line; at != NULL && count < FIELDS;) {
    fields[count++] = at;
    at = strchr(at, ':');
    if (at != NULL) *at++ = 0;
  }
  return count;
}

/* Calls `see` with each entry of at least `fields` fields. A missing file has none. Nothing but regular files is read: an image may hold anything. */
static void each_entry(const char *path, int fields, void (*see)(char **entry, void *context), void *context) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
  char *line = malloc(LONGEST_LINE);
  char *entry[FIELDS];
  while (file != NULL && line != NULL && fgets(line, LONGEST_LINE, file) != NULL) {
    if (split(line, entry) >= fields) see(entry, context);
  }
  free(line);
  if (file != NULL) fclose(file);
}

struct search {
  const char *name;
  const char *member; /* name of the user whose groups are wanted */
  struct identity *identity;
  bool found;
};

static void see_user(char **entry, void *context) {
  struct search *search = context;
  bool same = is_number(search->name) ? strcmp(entry[2], search->name) == 0 : strcmp(entry[0], search->name) == 0;
  if (!same || search->found) return;
  search->found = true;
  search->identity->user = (uid_t)strtoul(entry[2], NULL, 10);
  search->identity->group = (gid_t)strtoul(entry[3], NULL, 10);
  search->member = strdup(entry[0]);
}

static void see_group(char **entry, void *context) {
  struct search *search = context;
  if (search->found || strcmp(entry[0], search->name) != 0) return;
  search->found = true;
  search->identity->group = (gid_t)strtoul(entry[2], NULL, 10);
}

static bool names(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *at = list; (at = strstr(at, name)) != NULL; at += length) {
    bool starts = at == list || at[-1] == ',';
    if (starts && (at[length] == 0 || at[length] == ',')) return true;
  }
  return false;
}

static void see_membership(char **entry, void *context) {
  struct search *search = context;
  struct identity *identity = search->identity;
  if (!names(entry[3], search->member) || identity->group_count == MAX_GROUPS) return;
  identity->groups[identity->group_count++] = (gid_t)strtoul(entry[2], NULL, 10);
}

bool identity_find(const char *user, struct identity *identity) {
  *identity = (struct identity){0};
  char *name = strdup(user);
  if (name == NULL) return fail("no memory");
  char *group = strchr(name, ':');
  if (group != NULL) *group++ = 0;
  if (*name != 0) {
    struct search search = {.name = name, .identity = identity};
    each_entry("/etc/passwd", 4, see_user, &search);
    if (!search.found && !is_number(name)) return fail("the image has no user %s", name);
    if (!search.found) identity->user = (uid_t)strtoul(name, NULL, 10);
    if (group == NULL && search.member != NULL) each_entry("/etc/group", 4, see_membership, &search);
  }
  if (group != NULL && *group != 0) {
    struct search search = {.name = group, .identity = identity};
    if (is_number(group)) identity->group = (gid_t)strtoul(group, NULL, 10);
    else each_entry("/etc/group", 3, see_group, &search);
    if (!is_number(group) && !search.found) return fail("the image has no group %s", group);
  }
  free(name);
  return true;
}
