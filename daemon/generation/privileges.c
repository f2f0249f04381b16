/* SPDX-License-Identifier: MIT */
/* From root to the service's user, for good. */
#include "generation/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/users.h"

int privileges_find(const struct settings *s, uid_t *ret_uid, gid_t *ret_gid, struct text *why)
{
	const char *name = settings_user(s);
	int r = users_find_pair(name, s->group, ret_uid, ret_gid);

	if (r == -ENOENT)
		text_addf(why,
			  "there is no user \"%s\": create it, or name another by `user` in the configuration "
			  "(a number will do: -o user=65534)",
			  name);
	else if (r < 0)
		text_addf(why, "there is no group \"%s\": leave `group` out for the user's own, or say a number", s->group);
	return r;
}

void privileges_give(const struct settings *s, const struct listener *list, size_t n)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	uid_t uid;
	gid_t gid;

	if (geteuid() != 0 || privileges_find(s, &uid, &gid, &why) < 0)
		return; /* privileges_drop() says why */
	for (size_t i = 0; i < n; i++)
		if (!listener_is_passed(&list[i]))
			(void)!fchown(list[i].fd, uid, (gid_t)-1);
}

int privileges_drop(const struct settings *s, struct text *why)
{
	uid_t uid;
	gid_t gid;

	if (geteuid() != 0)
		return 0;
	int r = privileges_find(s, &uid, &gid, why);
	if (r < 0)
		return r;
	if (uid == 0) {
		text_add(why, "`user` is root: name the user the service should become");
		return -EINVAL;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	/* Inheritable: with an empty bounding set it could not become so later (privileges_keep_over_exec). */
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE, CAP_NET_BIND_SERVICE) < 0)
		r = -EPERM;
	if (r == 0 && capng_change_id((int)uid, (int)gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) < 0)
		r = -EPERM;
	if (r == 0 && (setuid(0) == 0 || prctl(PR_SET_DUMPABLE, 0) < 0))
		r = -EPERM;
	if (r < 0)
		text_addf(why, "cannot become user \"%s\": %s", settings_user(s), strerror(-r));
	return r;
}

int privileges_keep_over_exec(bool keep)
{
	if (capng_get_caps_process() < 0)
		return -EPERM;
	if (!capng_have_capability(CAPNG_PERMITTED, CAP_NET_BIND_SERVICE))
		return 0;
	unsigned long what = keep ? PR_CAP_AMBIENT_RAISE : PR_CAP_AMBIENT_LOWER;
	return prctl(PR_CAP_AMBIENT, what, CAP_NET_BIND_SERVICE, 0, 0) < 0 ? -errno : 0;
}
