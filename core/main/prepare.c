/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/prepare.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/main/sandbox.h"
#include "simd/kernels.h"

static int fail(const char *event, int error, const char *advice)
{
	HW_LOG(HW_LOG_ERROR, event, HW_F_ERRNO("error", error), HW_F_TEXT("advice", advice));
	return error;
}

int hw_prepare_simd(const struct hw_config *config)
{
	enum hw_simd_choice choice = HW_SIMD_AUTO;
	static const char *const g_simd[] = {"auto", "scalar", "shani", "avx2", "avx512"};
	int r = hw_simd_choice_parse(g_simd[config->simd], &choice);
	if (r >= 0) {
		r = hw_simd_init(choice);
	}
	if (r < 0) {
		return fail("simd.missing", r,
			    "this cpu cannot do what simd asks for; use simd = auto");
	}
	HW_LOG(HW_LOG_INFO, "simd.chosen", HW_F_TEXT("kernel", hw_simd_kernel_name()));
	return 0;
}

int hw_prepare_user(const struct hw_config *config)
{
	if (*config->user == '\0') {
		if (getuid() == 0) {
			HW_LOG(HW_LOG_WARN, "user.root",
			       HW_F_TEXT("advice",
					 "running as root; name an unprivileged user with user="));
		}
		return 0;
	}
	struct hw_sandbox_user user;
	int r = hw_sandbox_user_find(config->user, &user);
	if (r < 0) {
		return fail("user.unknown", r, "user= names nobody on this machine");
	}
	if (getuid() != 0) {
		return getuid() == user.uid
			       ? 0
			       : fail("user.denied", -EPERM, "only root can become another user");
	}
	if (mkdir(config->data_dir, 0700) == 0 && chown(config->data_dir, user.uid, user.gid) < 0) {
		return fail("user.data_dir", -errno, "the data directory cannot be given to user=");
	}
	r = hw_sandbox_privileges_drop(&user);
	return r < 0 ? fail("user.denied", r, "root's privileges cannot be dropped") : 0;
}

int hw_prepare_files(const struct hw_config *config, struct hw_files *ret_files)
{
	bool wants_direct = config->direct_io == HW_DIRECT_IO_AUTO;
	int r = hw_files_open(ret_files, config->data_dir, config->reserve_size, wants_direct);
	if (r == -EBUSY) {
		return fail("data_dir.busy", r,
			    "another hawserd uses this data directory; stop it, or name another "
			    "data_dir");
	}
	if (r == -EPROTO) {
		return fail("data_dir.format", r,
			    "the data directory was written by a newer hawserd, or is not ours");
	}
	if (r < 0) {
		return fail("data_dir.failed", r,
			    "the data directory cannot be opened or made; is it "
			    "writable by this user?");
	}
	if (wants_direct && !ret_files->is_direct) {
		HW_LOG(HW_LOG_WARN, "data_dir.buffered",
		       HW_F_TEXT("advice",
				 "this file system has no O_DIRECT: uploads go through the "
				 "page cache and cost more; ext4 or XFS would not"));
	}
	return 0;
}

int hw_prepare_catalog(const struct hw_files *files)
{
	int has_catalog = hw_files_has(files, HW_CATALOG_NAME);
	for (uint32_t shard = 0; has_catalog == 0 && shard < HW_SHARD_COUNT_MAX; shard++) {
		uint32_t *segments = NULL;
		int count = hw_files_segment_list(files, shard, &segments);
		hw_files_list_free(segments);
		if (count != 0) {
			return fail(
				"catalog.missing", count < 0 ? count : -ENOENT,
				"the data directory has segments but no catalog.db; put it back "
				"from where the segments come from (nothing was changed)");
		}
	}
	return has_catalog < 0 ? fail("data_dir.failed", has_catalog, "it cannot be read") : 0;
}
