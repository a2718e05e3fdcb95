/*
 * ledger_users.c - lets another user open the ledger; see ledger_users.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ledger_users.h"

#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "rawsys.h"

enum { USERS_MAX = 16, FIXED_ENTRIES = 4, READ_WRITE = 6 };

static const char ATTRIBUTE[] = "system.posix_acl_access";

/* As the kernel takes it: owner, users in ascending order, group, mask, others. */
struct access_list {
	uint32_t version;
	struct posix_acl_xattr_entry entry[USERS_MAX + FIXED_ENTRIES];
};

static void put(struct access_list *list, int *count, uint16_t tag, uint16_t permissions, uint32_t id)
{
	struct posix_acl_xattr_entry *e = &list->entry[(*count)++];

	e->e_tag = tag;
	e->e_perm = permissions;
	e->e_id = id;
}

/* The users that are admitted already. Return: how many. */
static int read_users(int fd, uint32_t *users)
{
	struct access_list list;
	long len = raw_syscall4(SYS_fgetxattr, fd, ATTRIBUTE, &list, sizeof(list));
	int count = 0;

	for (int i = 0;
	     len > 0 && sizeof(list.version) + (size_t)(i + 1) * sizeof(list.entry[0]) <= (size_t)len; i++)
		if (list.entry[i].e_tag == ACL_USER && count < USERS_MAX)
			users[count++] = list.entry[i].e_id;
	return count;
}

/* Into a sorted list. Return: the new count, or 0 if it is there already or there is no room. */
static int add_user(uint32_t *users, int count, uint32_t user)
{
	int at = count;

	for (int i = 0; i < count; i++)
		if (users[i] == user)
			return 0;
	if (count == USERS_MAX)
		return 0;
	for (; at > 0 && users[at - 1] > user; at--)
		users[at] = users[at - 1];
	users[at] = user;
	return count + 1;
}

bool ledger_has_users(int fd)
{
	return raw_syscall4(SYS_fgetxattr, fd, ATTRIBUTE, NULL, 0) > 0;
}

static int write_users(int fd, const uint32_t *users, int count)
{
	struct access_list list = {.version = POSIX_ACL_XATTR_VERSION};
	int entries = 0;

	put(&list, &entries, ACL_USER_OBJ, READ_WRITE, ACL_UNDEFINED_ID);
	for (int i = 0; i < count; i++)
		put(&list, &entries, ACL_USER, READ_WRITE, users[i]);
	put(&list, &entries, ACL_GROUP_OBJ, 0, ACL_UNDEFINED_ID);
	put(&list, &entries, ACL_MASK, READ_WRITE, ACL_UNDEFINED_ID);
	put(&list, &entries, ACL_OTHER, 0, ACL_UNDEFINED_ID);
	return (int)raw_syscall5(SYS_fsetxattr, fd, ATTRIBUTE, &list,
				 sizeof(list.version) + (size_t)entries * sizeof(list.entry[0]), 0);
}

int ledger_admit_user(const struct ledger *ledger, uid_t user)
{
	uint32_t users[USERS_MAX + 1];
	int fd = raw_open(ledger->path, O_RDWR | O_NOFOLLOW, 0);
	int count, error = 0;

	if (fd < 0)
		return fd;
	count = add_user(users, read_users(fd, users), user);
	if (count)
		error = write_users(fd, users, count);
	raw_close(fd);
	return error;
}
