"""A port of this machine that nothing listens on; as a program it prints one.

Below those that the kernel gives to clients: between the look and the use nobody is given it, also when several test programs run at once."""
import random, socket

RANDOM = random.SystemRandom()  # a test's own seed does not say which


def free_port():
    while True:
        port = RANDOM.randrange(12000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


if __name__ == "__main__":
    print(free_port())
