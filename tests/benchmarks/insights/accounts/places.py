"""Places: where calls come from. Offices, homes, phones, hotels, clouds and runners, each as providers number it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_RESERVED = {10, 100, 127, 169, 172, 192, 198, 203}


@dataclass(frozen=True, slots=True)
class Pool:
    """Networks (/24, or /48 of IPv6) that a provider gives out in turn."""

    networks: tuple[str, ...]

    def address(self, random: Random) -> str:
        """Any address of the pool."""
        return host(random.choice(self.networks), random)


def host(network: str, random: Random) -> str:
    """An address of a network."""
    if ":" in network:
        return f"{network}:{random.randrange(1, 5)}::{random.randrange(1, 0xFFFF):x}"
    return f"{network}.{random.randrange(2, 254)}"


class Places:
    """The internet as one account meets it. ``attackers`` are never where the others are, unless they mean to be."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()
        self.providers = [[self._block() for _ in range(6)] for _ in range(3)]
        """Of those who sell lines to homes and offices of the country."""
        self.carriers = [self._pool(self._block(), random.randrange(4, 24)) for _ in range(2)]
        self.runners = [self._block() for _ in range(40)]
        """Blocks of the clouds where runners of pipelines start: any address of any of them."""
        self.functions = [self._pool(self._block(), 60) for _ in range(3)]
        """Addresses that the cloud's own functions call from."""
        self.hosting = [self._block() for _ in range(12)]
        """Where virtual machines are rented by the hour, by attackers and by others."""

    def home(self) -> Pool:
        """A line of a home: fixed, from the provider's pool of the town, or IPv6."""
        kind = self._random.random()
        if kind < 0.15:
            return Pool((self._prefix(),))
        provider = self._random.choice(self.providers)
        if kind < 0.65:
            return Pool((self._network(self._random.choice(provider)),))
        blocks = self._random.sample(provider, self._random.choice((1, 1, 2)))
        return Pool(tuple(self._network(self._random.choice(blocks)) for _ in range(self._random.randrange(4, 40))))

    def office(self) -> Pool:
        """A fixed line, and sometimes a second one."""
        provider = self._random.choice(self.providers)
        return Pool(tuple(self._network(self._random.choice(provider)) for _ in range(self._random.choice((1, 1, 2)))))

    def abroad(self, random: Random) -> Pool:
        """What a traveller meets: a hotel or a customer's office, and a phone."""
        block = self._block(random)
        return Pool(tuple(self._network(block, random) for _ in range(random.choice((1, 2, 3)))))

    def machines(self, random: Random | None = None) -> Pool:
        """The addresses of a network of servers, as the internet sees them."""
        return Pool((self._network(self._block(random), random),))

    def vendor(self, random: Random) -> Pool:
        """Where a vendor's service calls from: some networks, not all of them met every week."""
        blocks = [self._block(random) for _ in range(2)]
        networks = [self._network(random.choice(blocks), random) for _ in range(random.randrange(4, 14))]
        often = [max(1, 40 // (rank + 1) ** 2) for rank in range(len(networks))]
        return Pool(tuple(network for network, times in zip(networks, often, strict=True) for _ in range(times)))

    def runner(self, random: Random) -> str:
        """An address of a runner, which is not likely to be met again."""
        return host(self._network(random.choice(self.runners), random), random)

    def cafe(self, random: Random) -> str:
        """An address of a café, a train or a friend's home."""
        return host(self._network(random.choice(random.choice(self.providers)), random), random)

    def attacker(self, random: Random) -> str:
        """A network that the account never met: rented machines, a hijacked home, or a cloud's."""
        kind = random.random()
        if kind < 0.6:
            block = random.choice(self.hosting) if random.random() < 0.5 else self._block(random)
        else:
            block = random.choice(random.choice(self.providers)) if kind < 0.8 else random.choice(self.runners)
        while (network := self._network(block, random)) in self._taken:
            pass
        return host(network, random)

    def _block(self, random: Random | None = None) -> str:
        random = random or self._random
        while (first := random.randrange(11, 223)) in _RESERVED:
            pass
        return f"{first}.{random.randrange(256)}"

    def _prefix(self) -> str:
        groups = (self._random.randrange(1, 0xFFFF) for _ in range(2))
        return ":".join((f"2{self._random.randrange(0x400, 0xA00):03x}", *(f"{group:x}" for group in groups)))

    def _network(self, block: str, random: Random | None = None) -> str:
        network = f"{block}.{(random or self._random).randrange(256)}"
        if random is None:
            self._taken.add(network)
        return network

    def _pool(self, block: str, count: int) -> Pool:
        return Pool(tuple({self._network(block): None for _ in range(count)}))
