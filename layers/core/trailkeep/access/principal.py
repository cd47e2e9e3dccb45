"""A principal: who a request comes from, and what it may do and see."""

from collections.abc import Mapping
from dataclasses import dataclass

from trailkeep.errors import AccessDenied, Unauthenticated

SCOPES = ("admin", "download", "ingest", "view")
EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Principal:
    """A token's bearer. ``accounts`` and ``regions`` narrow what it may see; ``("*",)`` does not narrow.

    ``scan_budget`` is what its searches may read in a day (UTC), in bytes; None for no limit.
    """

    token_id: str
    name: str
    scopes: frozenset[str]
    accounts: tuple[str, ...] = EVERYTHING
    regions: tuple[str, ...] = EVERYTHING
    scan_budget: int | None = None

    def require(self, scope: str) -> None:
        """Raise :class:`AccessDenied` unless the token has ``scope``. No scope contains another."""
        if scope not in self.scopes:
            raise AccessDenied(f"this needs a token with the scope {scope}")

    def require_everything(self) -> None:
        """Raise :class:`AccessDenied` for a token that is narrowed to some accounts or regions."""
        if self.accounts != EVERYTHING or self.regions != EVERYTHING:
            raise AccessDenied(
                "this needs a token for all accounts and regions",
                hint="Use a token that is not narrowed: GET /v1/me tells what a token may see.",
            )

    def require_account(self, account: str) -> None:
        """Raise :class:`AccessDenied` for a token that is narrowed to other accounts."""
        if self.accounts != EVERYTHING and account not in self.accounts:
            raise AccessDenied(
                f"this token may not see the account {account}",
                hint="GET /v1/me tells what a token may see.",
            )

    def require_all_regions(self) -> None:
        """Raise :class:`AccessDenied` for a token that is narrowed to some regions."""
        if self.regions != EVERYTHING:
            raise AccessDenied("this needs a token for all regions", hint="GET /v1/me tells what a token may see.")

    def context(self) -> dict[str, str]:
        """As the authorizer hands it to the functions: a flat map of texts, all that API Gateway carries."""
        return {
            "tokenId": self.token_id,
            "name": self.name,
            "scopes": " ".join(sorted(self.scopes)),
            "accounts": " ".join(self.accounts),
            "regions": " ".join(self.regions),
            "scanBytesPerDay": "" if self.scan_budget is None else str(self.scan_budget),
        }

    def as_json(self) -> dict[str, object]:
        """As ``GET /v1/me`` tells it to its bearer."""
        return {
            "tokenId": self.token_id,
            "name": self.name,
            "scopes": sorted(self.scopes),
            "accounts": list(self.accounts),
            "regions": list(self.regions),
            "scanBytesPerDay": self.scan_budget,
        }


def from_context(context: Mapping[str, str] | None) -> Principal:
    """The principal in an API Gateway request's authorizer context; a request without one is refused."""
    if not context or not context.get("tokenId"):
        raise Unauthenticated("the request came without an authenticated token")
    budget = context.get("scanBytesPerDay")
    return Principal(
        token_id=context["tokenId"],
        name=context.get("name", ""),
        scopes=frozenset(context.get("scopes", "").split()),
        accounts=tuple(context.get("accounts", "").split()),
        regions=tuple(context.get("regions", "").split()),
        scan_budget=int(budget) if budget else None,
    )
