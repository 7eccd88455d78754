"""A network between this namespace and a new one, with delay and loss: packets of two tun devices pass through here.

Arguments: name of the new namespace, address here, address there, delay in seconds each way, share of packets lost.
Prints a line when it works; ends, and takes the namespace with it, when its input ends.
"""
import fcntl, heapq, os, random, select, struct, subprocess, sys, time

name, here, there, delay, loss = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def tun(device):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def run(*words):
    subprocess.run(words, check=True)


near, far = name + "-a", name + "-b"
run("ip", "netns", "add", name)
try:
    ends = [tun(near), tun(far)]
    run("ip", "link", "set", far, "netns", name)
    run("ip", "addr", "add", here, "peer", there, "dev", near)
    run("ip", "link", "set", near, "up")
    inside = ("nsenter", "--net=/run/netns/" + name, "ip")
    run(*inside, "addr", "add", there, "peer", here, "dev", far)
    run(*inside, "link", "set", far, "up")
    run(*inside, "link", "set", "lo", "up")
    print("up", flush=True)
    random.seed(7)
    waiting, order = [], 0
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([*ends, 0], [], [], timeout)
        if 0 in ready and os.read(0, 4096) == b"":
            break
        for fd in ready:
            if fd == 0:
                continue
            packet = os.read(fd, 65536)
            if random.random() >= loss:
                order += 1
                heapq.heappush(waiting, (time.monotonic() + delay, order, ends[1 - ends.index(fd)], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, fd, packet = heapq.heappop(waiting)
            try:
                os.write(fd, packet)
            except BlockingIOError:
                pass  # a full queue loses packets, like any other
finally:
    subprocess.run(["ip", "netns", "del", name])
