/* A bad disk and a wrong clock, for one process: preloaded with LD_PRELOAD.
 *
 * FAULTS_CONTROL names a file of two 64-bit integers, which the test changes while the process runs:
 *   0  what writes to the files whose path contains FAULTS_PATH fail with (an errno); 0 lets them through
 *   1  by how many seconds the wall clock is shifted
 *
 * The file is mapped, so that looking at it costs a read of memory. The real work is done by system calls, not by the
 * functions that are replaced here: nothing has to be looked up, and so nothing can be called too early. Only the wall
 * clock is shifted. The monotonic one never jumps on a real machine either.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t write_error;
    int64_t clock_shift;
};

static const volatile struct control *control;
static const char *bad_path;

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("FAULTS_CONTROL");
    bad_path = getenv("FAULTS_PATH");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || !bad_path) {
        static const char why[] = "faults: FAULTS_CONTROL or FAULTS_PATH is missing\n";
        syscall(SYS_write, 2, why, sizeof why - 1);
        _exit(1);
    }
    void *map = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        control = map;
}

/* What a write to this file fails with. The name is looked up for each write, and only while writes fail: no table of
 * descriptors has to be kept up to date. */
static int write_error(int fd) {
    int error = control ? (int)control->write_error : 0;
    char link[32], path[PATH_MAX];
    if (!error)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, bad_path) ? error : 0;
}

static int fails(int fd) {
    int before = errno, error = write_error(fd);
    errno = error ? error : before;
    return error != 0;
}

#define UNLESS_IT_FAILS(fd, call) return fails(fd) ? -1 : (call)

ssize_t write(int fd, const void *data, size_t size) {
    UNLESS_IT_FAILS(fd, syscall(SYS_write, fd, data, size));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    UNLESS_IT_FAILS(fd, syscall(SYS_pwrite64, fd, data, size, at));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    UNLESS_IT_FAILS(fd, syscall(SYS_pwrite64, fd, data, size, at));
}

int ftruncate(int fd, off_t size) {
    UNLESS_IT_FAILS(fd, (int)syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off64_t size) {
    UNLESS_IT_FAILS(fd, (int)syscall(SYS_ftruncate, fd, size));
}

int fallocate(int fd, int mode, off_t at, off_t size) {
    UNLESS_IT_FAILS(fd, (int)syscall(SYS_fallocate, fd, mode, at, size));
}

int fallocate64(int fd, int mode, off64_t at, off64_t size) {
    UNLESS_IT_FAILS(fd, (int)syscall(SYS_fallocate, fd, mode, at, size));
}

/* These two return the error, and leave errno alone. */
int posix_fallocate(int fd, off_t at, off_t size) {
    int error = write_error(fd), before = errno;
    if (!error && syscall(SYS_fallocate, fd, 0, at, size) < 0)
        error = errno;
    errno = before;
    return error;
}

int posix_fallocate64(int fd, off64_t at, off64_t size) {
    return posix_fallocate(fd, at, size);
}

int fsync(int fd) {
    UNLESS_IT_FAILS(fd, (int)syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
    UNLESS_IT_FAILS(fd, (int)syscall(SYS_fdatasync, fd));
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += control->clock_shift;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &exact);
    if (!failed) {
        now->tv_sec = exact.tv_sec;
        now->tv_usec = exact.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
