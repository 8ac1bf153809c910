/* Stands between a process and the disk: writes down, in one order for all processes, what they write, sync, create,
 * remove and answer; and makes the disk fail on request. Preloaded (LD_PRELOAD) by disk_recorder.py.
 *
 *   DISK_RECORDER_ROOT      only files below this folder count
 *   DISK_RECORDER_JOURNAL   where the records go: a head as in `struct head`, then the path, then the data
 *   DISK_RECORDER_FAULTS    a file of numbers as in `struct faults`, mapped by all processes and by the test
 *
 * A sync is two records, one before it begins and one when it has returned. Shared indexes (-shm) are left out: they
 * are memory, and a loss of power loses them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 65536
#define MOST_ANSWER (256 * 1024)

struct head {
    uint8_t kind, pad;
    uint16_t path_bytes;
    uint32_t pid;
    int32_t descriptor;
    uint32_t data_bytes;
    uint64_t inode, offset;
};

struct faults {
    uint32_t fail_sync_every, is_full, syncs, failed_syncs, refused_writes;
};

static char root[4096];
static size_t root_bytes;
static int journal = -1;
static struct faults *faults;
static struct faults no_faults;
static uint64_t inodes[MOST_FILES];
static uint8_t can_fail[MOST_FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("DISK_RECORDER_ROOT"), *path = getenv("DISK_RECORDER_JOURNAL");
    const char *numbers = getenv("DISK_RECORDER_FAULTS");
    faults = &no_faults;
    if (!folder || !path) return;
    snprintf(root, sizeof root, "%s", folder);
    root_bytes = strlen(root);
    journal = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int file = numbers ? syscall(SYS_openat, AT_FDCWD, numbers, O_RDWR | O_CLOEXEC, 0) : -1;
    if (file >= 0) {
        void *mapped = mmap(0, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) faults = mapped;
        syscall(SYS_close, file);
    }
}

static int counts(const char *path) {
    size_t bytes = strlen(path);
    return journal >= 0 && strncmp(path, root, root_bytes) == 0 && !(bytes > 4 && !strcmp(path + bytes - 4, "-shm"));
}

static void note(char kind, int descriptor, uint64_t inode, uint64_t offset, const char *path, const void *data,
                 size_t bytes) {
    int kept = errno;
    struct head head = {.kind = kind, .path_bytes = path ? strlen(path) : 0, .pid = getpid(),
                        .descriptor = descriptor, .data_bytes = bytes, .inode = inode, .offset = offset};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.path_bytes}, {(void *)data, bytes}};
    syscall(SYS_writev, journal, parts, 3);
    errno = kept;
}

static uint64_t inode_of(int descriptor) {
    return descriptor >= 0 && descriptor < MOST_FILES ? inodes[descriptor] : 0;
}

static int opened(int descriptor, const char *path, int flags) {
    struct stat found;
    if (descriptor < 0 || descriptor >= MOST_FILES || !counts(path) || fstat(descriptor, &found)) return descriptor;
    inodes[descriptor] = found.st_ino;
    can_fail[descriptor] = strstr(path, "/vendors/") == NULL;
    note('o', descriptor, found.st_ino, (flags & O_TRUNC ? 1 : 0) | (flags & O_CREAT ? 2 : 0), path, 0, 0);
    return descriptor;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open)(path, flags, mode), path, flags); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open64)(path, flags, mode), path, flags); }
int openat(int at, const char *path, int flags, ...) {
    MODE(flags) return opened(REAL(openat)(at, path, flags, mode), path, flags);
}
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags) return opened(REAL(openat64)(at, path, flags, mode), path, flags);
}

int close(int descriptor) {
    if (descriptor >= 0 && descriptor < MOST_FILES) inodes[descriptor] = 0;
    return REAL(close)(descriptor);
}

static int is_refused(int descriptor) {
    if (!faults->is_full || !can_fail[descriptor]) return 0;
    __atomic_add_fetch(&faults->refused_writes, 1, __ATOMIC_SEQ_CST);
    errno = ENOSPC;
    return 1;
}

static void note_answer(int descriptor, const struct iovec *parts, int count) {
    static __thread char text[MOST_ANSWER];
    struct stat found;
    size_t bytes = 0;
    if (journal < 0 || fstat(descriptor, &found) || !S_ISSOCK(found.st_mode)) return;
    for (int part = 0; part < count && bytes + parts[part].iov_len < sizeof text; part++) {
        memcpy(text + bytes, parts[part].iov_base, parts[part].iov_len);
        bytes += parts[part].iov_len;
    }
    /* Before it is sent: who has read the answer may already act on it. */
    if (bytes) note('x', descriptor, 0, 0, 0, text, bytes);
}

ssize_t write(int descriptor, const void *data, size_t bytes) {
    uint64_t inode = inode_of(descriptor);
    if (!inode) {
        note_answer(descriptor, &(struct iovec){(void *)data, bytes}, 1);
        return REAL(write)(descriptor, data, bytes);
    }
    if (is_refused(descriptor)) return -1;
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(descriptor, data, bytes);
    if (done > 0) note('w', descriptor, inode, lseek(descriptor, 0, SEEK_CUR) - done, 0, data, done);
    pthread_mutex_unlock(&lock);
    return done;
}

static ssize_t put(int descriptor, const void *data, size_t bytes, off64_t offset) {
    uint64_t inode = inode_of(descriptor);
    if (!inode) return REAL(pwrite64)(descriptor, data, bytes, offset);
    if (is_refused(descriptor)) return -1;
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(pwrite64)(descriptor, data, bytes, offset);
    if (done > 0) note('w', descriptor, inode, offset, 0, data, done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t offset) { return put(descriptor, data, bytes, offset); }
ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off64_t offset) { return put(descriptor, data, bytes, offset); }

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    note_answer(descriptor, parts, count);
    return REAL(writev)(descriptor, parts, count);
}

ssize_t send(int descriptor, const void *data, size_t bytes, int flags) {
    note_answer(descriptor, &(struct iovec){(void *)data, bytes}, 1);
    return REAL(send)(descriptor, data, bytes, flags);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    note_answer(descriptor, message->msg_iov, message->msg_iovlen);
    return REAL(sendmsg)(descriptor, message, flags);
}

static int cut(int descriptor, off64_t bytes) {
    uint64_t inode = inode_of(descriptor);
    if (!inode) return REAL(ftruncate64)(descriptor, bytes);
    pthread_mutex_lock(&lock);
    int done = REAL(ftruncate64)(descriptor, bytes);
    if (!done) note('t', descriptor, inode, bytes, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int descriptor, off_t bytes) { return cut(descriptor, bytes); }
int ftruncate64(int descriptor, off64_t bytes) { return cut(descriptor, bytes); }

static int sync_with(int (*call)(int), int descriptor) {
    uint64_t inode = inode_of(descriptor);
    if (!inode) return call(descriptor);
    note('S', descriptor, inode, 0, 0, 0, 0);
    uint32_t every = can_fail[descriptor] ? faults->fail_sync_every : 0;
    uint32_t number = __atomic_add_fetch(&faults->syncs, 1, __ATOMIC_SEQ_CST);
    int done = 0;
    if (every && number % every == 0) {
        __atomic_add_fetch(&faults->failed_syncs, 1, __ATOMIC_SEQ_CST);
        errno = EIO;
        done = -1;
    } else {
        done = call(descriptor);
    }
    note(done ? 'F' : 'E', descriptor, inode, 0, 0, 0, 0);
    return done;
}

int fsync(int descriptor) { return sync_with(REAL(fsync), descriptor); }
int fdatasync(int descriptor) { return sync_with(REAL(fdatasync), descriptor); }

int unlink(const char *path) {
    int done = REAL(unlink)(path);
    if (!done && counts(path)) note('u', -1, 0, 0, path, 0, 0);
    return done;
}

int rename(const char *path, const char *target) {
    int done = REAL(rename)(path, target);
    if (!done && counts(path)) note('r', -1, 0, 0, path, target, strlen(target));
    return done;
}

int mkdir(const char *path, mode_t mode) {
    int done = REAL(mkdir)(path, mode);
    if (!done && counts(path)) note('m', -1, 0, 0, path, 0, 0);
    return done;
}
