/* The C baseline of benchmarks/filesystem: a multi-threaded libfuse passthrough with one-hour timeouts.

       filesystem_baseline BACKING -f -o OPTIONS MOUNTPOINT

   Everything the kernel may remember it may remember: names, names that are missing, attributes, content. What is not
   answered here (flush) libfuse refuses once for all, so it costs no round trips. Extended attributes are the backing
   file's, as in fsquota. No limits, no owners: new files belong to whoever runs this. */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 314
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TIMEOUT_SECONDS 3600.0
#define BUCKETS 65536

/* One per file or folder that the kernel knows; its address is the number the kernel is given. */
struct inode {
	int descriptor; /* O_PATH */
	dev_t device;
	ino_t number;
	uint64_t lookups;
	struct inode *next;
};

struct listing {
	DIR *stream;
	struct dirent *pending; /* read, and did not fit into the last reply */
};

static struct inode root;
static struct inode *buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct inode *inode_of(fuse_ino_t ino) { return ino == FUSE_ROOT_ID ? &root : (struct inode *)ino; }
static int descriptor_of(fuse_ino_t ino) { return inode_of(ino)->descriptor; }
static struct inode **bucket_of(ino_t number) { return &buckets[number % BUCKETS]; }

struct link_path { char text[32]; };
static struct link_path proc_path(fuse_ino_t ino)
{
	struct link_path path;
	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", descriptor_of(ino));
	return path;
}

static void reply_status(fuse_req_t req, int result) { fuse_reply_err(req, result == -1 ? errno : 0); }

/* Finds or makes the inode and takes a reference for the kernel. Answers 0 or an errno. */
static int look_up(fuse_ino_t parent, const char *name, struct fuse_entry_param *entry)
{
	memset(entry, 0, sizeof *entry);
	entry->attr_timeout = entry->entry_timeout = TIMEOUT_SECONDS;
	int descriptor = openat(descriptor_of(parent), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (descriptor == -1)
		return errno;
	if (fstat(descriptor, &entry->attr) == -1) {
		int error = errno;
		close(descriptor);
		return error;
	}
	struct inode **bucket = bucket_of(entry->attr.st_ino);
	pthread_mutex_lock(&lock);
	struct inode *found = *bucket;
	while (found && (found->number != entry->attr.st_ino || found->device != entry->attr.st_dev))
		found = found->next;
	if (found) {
		close(descriptor);
	} else {
		found = calloc(1, sizeof *found);
		if (!found)
			err(1, "calloc");
		*found = (struct inode){descriptor, entry->attr.st_dev, entry->attr.st_ino, 0, *bucket};
		*bucket = found;
	}
	found->lookups++;
	pthread_mutex_unlock(&lock);
	entry->ino = (fuse_ino_t)found;
	return 0;
}

static void release_lookups(fuse_ino_t ino, uint64_t lookups)
{
	struct inode *inode = inode_of(ino);
	if (inode == &root)
		return;
	pthread_mutex_lock(&lock);
	inode->lookups -= lookups;
	if (inode->lookups) {
		inode = NULL;
	} else {
		struct inode **link = bucket_of(inode->number);
		while (*link != inode)
			link = &(*link)->next;
		*link = inode->next;
	}
	pthread_mutex_unlock(&lock);
	if (inode) {
		close(inode->descriptor);
		free(inode);
	}
}

/* Answers with the entry just made, where making it gave no error. */
static void reply_entry(fuse_req_t req, int result, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry;
	int error = result == -1 ? errno : look_up(parent, name, &entry);
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_entry(req, &entry);
}

/* --- names --- */

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry;
	int error = look_up(parent, name, &entry);
	if (error && error != ENOENT)
		fuse_reply_err(req, error);
	else
		fuse_reply_entry(req, &entry); /* ino 0: there is no such name */
}

static void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	release_lookups(ino, lookups);
	fuse_reply_none(req);
}

static void on_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		release_lookups(forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	reply_entry(req, mknodat(descriptor_of(parent), name, mode, rdev), parent, name);
}

static void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	reply_entry(req, mkdirat(descriptor_of(parent), name, mode), parent, name);
}

static void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	reply_entry(req, symlinkat(target, descriptor_of(parent), name), parent, name);
}

static void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	int result = linkat(AT_FDCWD, proc_path(ino).text, descriptor_of(parent), name, AT_SYMLINK_FOLLOW);
	reply_entry(req, result, parent, name);
}

static void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_status(req, unlinkat(descriptor_of(parent), name, 0));
}

static void on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	reply_status(req, unlinkat(descriptor_of(parent), name, AT_REMOVEDIR));
}

static void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned flags)
{
	reply_status(req, renameat2(descriptor_of(parent), name, descriptor_of(new_parent), new_name, flags));
}

static void on_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[4097];
	ssize_t length = readlinkat(descriptor_of(ino), "", target, sizeof target - 1);
	if (length == -1) {
		fuse_reply_err(req, errno);
		return;
	}
	target[length] = '\0';
	fuse_reply_readlink(req, target);
}

/* --- content --- */

static void reply_open(fuse_req_t req, int descriptor, struct fuse_file_info *file, const struct fuse_entry_param *entry)
{
	file->fh = descriptor;
	file->keep_cache = 1;
	if (entry)
		fuse_reply_create(req, entry, file);
	else
		fuse_reply_open(req, file);
}

static void on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file)
{
	struct fuse_entry_param entry;
	int flags = (file->flags | O_CREAT | O_CLOEXEC) & ~(O_NOFOLLOW | O_APPEND);
	int descriptor = openat(descriptor_of(parent), name, flags, mode);
	int error = descriptor == -1 ? errno : look_up(parent, name, &entry);
	if (error)
		fuse_reply_err(req, error);
	else
		reply_open(req, descriptor, file, &entry);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	int descriptor = open(proc_path(ino).text, (file->flags | O_CLOEXEC) & ~(O_NOFOLLOW | O_APPEND));
	if (descriptor == -1)
		fuse_reply_err(req, errno);
	else
		reply_open(req, descriptor, file, NULL);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)ino;
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(size);
	data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	data.buf[0].fd = file->fh;
	data.buf[0].pos = offset;
	fuse_reply_data(req, &data, FUSE_BUF_SPLICE_MOVE);
}

static void on_write_buf(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *from, off_t offset,
			 struct fuse_file_info *file)
{
	(void)ino;
	struct fuse_bufvec to = FUSE_BUFVEC_INIT(fuse_buf_size(from));
	to.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	to.buf[0].fd = file->fh;
	to.buf[0].pos = offset;
	ssize_t written = fuse_buf_copy(&to, from, 0);
	if (written < 0)
		fuse_reply_err(req, -written);
	else
		fuse_reply_write(req, written);
}

static void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)ino;
	close(file->fh);
	fuse_reply_err(req, 0);
}

static void on_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *file)
{
	(void)ino;
	reply_status(req, data_only ? fdatasync(file->fh) : fsync(file->fh));
}

/* --- folders --- */

static void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	int descriptor = openat(descriptor_of(ino), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct listing *listing = calloc(1, sizeof *listing);
	if (descriptor == -1 || !listing || !(listing->stream = fdopendir(descriptor))) {
		fuse_reply_err(req, errno);
		free(listing);
		return;
	}
	file->fh = (uint64_t)listing;
	fuse_reply_open(req, file);
}

static int is_dots(const char *name) { return !strcmp(name, ".") || !strcmp(name, ".."); }

/* Answers the bytes the entry takes, more than there is room for where it does not fit, 0 where it is gone. */
static size_t add_entry(fuse_req_t req, fuse_ino_t ino, struct dirent *found, char *place, size_t room)
{
	struct fuse_entry_param entry = {.attr = {.st_ino = found->d_ino, .st_mode = (mode_t)found->d_type << 12}};
	int counted = !is_dots(found->d_name);
	if (counted && look_up(ino, found->d_name, &entry))
		return 0;
	size_t size = fuse_add_direntry_plus(req, place, room, found->d_name, &entry, found->d_off);
	if (size > room && counted)
		release_lookups(entry.ino, 1);
	return size;
}

static void on_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	struct listing *listing = (struct listing *)file->fh;
	char *reply = malloc(size);
	size_t used = 0;
	if (!reply)
		err(1, "malloc");
	if (!listing->pending || offset == 0 || telldir(listing->stream) != listing->pending->d_off) {
		seekdir(listing->stream, offset);
		listing->pending = NULL;
	}
	for (;;) {
		struct dirent *found = listing->pending ? listing->pending : readdir(listing->stream);
		listing->pending = NULL;
		if (!found)
			break;
		size_t length = add_entry(req, ino, found, reply + used, size - used);
		if (length > size - used) {
			listing->pending = found;
			break;
		}
		used += length;
	}
	fuse_reply_buf(req, reply, used);
	free(reply);
}

static void on_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)ino;
	struct listing *listing = (struct listing *)file->fh;
	closedir(listing->stream);
	free(listing);
	fuse_reply_err(req, 0);
}

/* --- attributes --- */

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)file;
	struct stat found;
	if (fstat(descriptor_of(ino), &found) == -1)
		fuse_reply_err(req, errno);
	else
		fuse_reply_attr(req, &found, TIMEOUT_SECONDS);
}

static struct timespec time_of(int wanted, int now, const struct timespec *given)
{
	if (now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	return wanted ? *given : (struct timespec){.tv_nsec = UTIME_OMIT};
}

static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *wanted, int fields, struct fuse_file_info *file)
{
	struct link_path path = proc_path(ino);
	int failed = 0;
	if (fields & FUSE_SET_ATTR_MODE)
		failed = chmod(path.text, wanted->st_mode);
	if (!failed && fields & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		uid_t uid = fields & FUSE_SET_ATTR_UID ? wanted->st_uid : (uid_t)-1;
		gid_t gid = fields & FUSE_SET_ATTR_GID ? wanted->st_gid : (gid_t)-1;
		failed = fchownat(descriptor_of(ino), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
	}
	if (!failed && fields & FUSE_SET_ATTR_SIZE)
		failed = file ? ftruncate(file->fh, wanted->st_size) : truncate(path.text, wanted->st_size);
	if (!failed && fields & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)) {
		struct timespec times[] = {
			time_of(fields & FUSE_SET_ATTR_ATIME, fields & FUSE_SET_ATTR_ATIME_NOW, &wanted->st_atim),
			time_of(fields & FUSE_SET_ATTR_MTIME, fields & FUSE_SET_ATTR_MTIME_NOW, &wanted->st_mtim),
		};
		failed = utimensat(descriptor_of(ino), "", times, AT_EMPTY_PATH);
	}
	if (failed)
		fuse_reply_err(req, errno);
	else
		on_getattr(req, ino, file);
}

static void on_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs found;
	if (fstatvfs(descriptor_of(ino), &found) == -1)
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &found);
}

/* --- extended attributes --- */

#define MOST_BYTES 65536 /* of a value, or of a list of names: the kernel's own limit */

/* size 0 asks for the length alone. */
static void reply_extended(fuse_req_t req, ssize_t length, const char *value, size_t size)
{
	if (length == -1)
		fuse_reply_err(req, errno);
	else if (size == 0)
		fuse_reply_xattr(req, length);
	else
		fuse_reply_buf(req, value, length);
}

static void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	char value[MOST_BYTES];
	reply_extended(req, getxattr(proc_path(ino).text, name, value, size < MOST_BYTES ? size : MOST_BYTES), value, size);
}

static void on_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	char names[MOST_BYTES];
	reply_extended(req, listxattr(proc_path(ino).text, names, size < MOST_BYTES ? size : MOST_BYTES), names, size);
}

static void on_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	reply_status(req, setxattr(proc_path(ino).text, name, value, size, flags));
}

static void on_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	reply_status(req, removexattr(proc_path(ino).text, name));
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = on_lookup, .forget = on_forget, .forget_multi = on_forget_multi, .mknod = on_mknod,
	.mkdir = on_mkdir, .symlink = on_symlink, .link = on_link, .unlink = on_unlink, .rmdir = on_rmdir,
	.rename = on_rename, .readlink = on_readlink, .create = on_create, .open = on_open, .read = on_read,
	.write_buf = on_write_buf, .release = on_release, .fsync = on_fsync, .opendir = on_opendir,
	.readdirplus = on_readdirplus, .releasedir = on_releasedir, .getattr = on_getattr, .setattr = on_setattr,
	.statfs = on_statfs, .getxattr = on_getxattr, .listxattr = on_listxattr, .setxattr = on_setxattr,
	.removexattr = on_removexattr,
};

/* There is a descriptor for each inode that the kernel knows. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit = {1 << 20, 1 << 20};
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char *arguments[])
{
	if (count < 3)
		errx(2, "usage: filesystem_baseline BACKING -f -o OPTIONS MOUNTPOINT");
	raise_descriptor_limit();
	umask(0);
	root.descriptor = open(arguments[1], O_PATH | O_CLOEXEC);
	if (root.descriptor == -1)
		err(1, "%s", arguments[1]);

	arguments[1] = arguments[0];
	struct fuse_args args = FUSE_ARGS_INIT(count - 1, arguments + 1);
	struct fuse_cmdline_opts options;
	if (fuse_parse_cmdline(&args, &options) != 0)
		return 2;
	struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
	if (!session || fuse_set_signal_handlers(session) != 0 || fuse_session_mount(session, options.mountpoint) != 0)
		return 1;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int status = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	fuse_session_unmount(session);
	fuse_remove_signal_handlers(session);
	fuse_session_destroy(session);
	return status < 0 || status > 128;
}
