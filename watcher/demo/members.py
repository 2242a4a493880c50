"""Who is registered on the demo's platform, under which handle and stable id, and what each one shows."""

from dataclasses import dataclass, replace
from hashlib import sha256

from watcher.demo.answers import UNKNOWN, Member, Page, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    member: Member
    shown: Shown


class Members:
    """The register. Handles are compared without regard to case; a stable id is never given twice."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._given = 0

    def get(self, handle: str) -> Member:
        """The account of that handle; when nobody has it, one without any id."""
        entry = self._entries.get(handle.lower())
        return entry.member if entry else Member(handle=handle, name=handle, bio="", stable_id="0", did="did:plc:0")

    def shown(self, handle: str) -> Shown:
        """What is shown for that handle: of an unknown one, the missing page."""
        entry = self._entries.get(handle.lower())
        return entry.shown if entry else UNKNOWN

    def set(self, handle: str, shown: Shown, *, name: str | None = None, bio: str | None = None) -> None:
        """Let `handle` show that; registers it if need be."""
        member = self.get(handle) if handle.lower() in self._entries else self._register(handle)
        member = replace(member, name=name or member.name, bio=bio if bio is not None else member.bio)
        self._entries[handle.lower()] = _Entry(member=member, shown=shown)

    def rename(self, old: str, new: str) -> Page:
        """Move the account of `old` to `new`; what it shows. Raises KeyError when nobody has `old`."""
        entry = self._entries.pop(old.lower())
        self._entries[new.lower()] = replace(entry, member=replace(entry.member, handle=new))
        return entry.shown.page

    def reregister(self, handle: str) -> None:
        """A new account under that handle."""
        self._entries[handle.lower()] = _Entry(member=self._register(handle), shown=Shown(page=Page.PRESENT))

    def handle_of(self, name: str) -> str:
        """The handle of the account with the stable id or DID `name`; `name` itself when it is nobody's id."""
        members = (entry.member for entry in self._entries.values())
        return next((member.handle for member in members if name in {member.stable_id, member.did}), name)

    def _register(self, handle: str) -> Member:
        self._given += 1
        digest = sha256(f"{handle.lower()} {self._given}".encode()).hexdigest()
        return Member(
            handle=handle,
            name=handle,
            bio="",
            stable_id=str(25_000_000 + self._given),
            did=f"did:plc:{digest[:24]}",
        )
