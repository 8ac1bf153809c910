"""Where `$ref` leads inside one schema document. Nothing is ever fetched."""

from __future__ import annotations

from urllib.parse import unquote, urldefrag, urljoin

from paceline.contracts.drafts import Draft, children
from paceline.contracts.pointers import look_up, steps_of


class UnresolvedError(LookupError):
    """A reference leads out of the document or to nothing. `remote` tells the two apart."""

    def __init__(self, reference: str, *, remote: bool) -> None:
        self.reference = reference
        self.remote = remote
        super().__init__(reference)


class Document:
    """One schema with everything that it can refer to.

    A reference is read against the nearest `$id` above it, as the drafts say; `base_of` finds that for a schema inside
    the document, and `resolve` follows one step.
    """

    def __init__(self, root: object, draft: Draft) -> None:
        self.root = root
        self.draft = draft
        self._bases: dict[int, str] = {}
        self._resources: dict[str, object] = {"": root}
        self._anchors: dict[str, object] = {}
        self.dynamic_anchors: dict[str, int] = {}
        self._index()

    def base_of(self, schema: object) -> str:
        """The base URI at a schema of this document; empty where no `$id` is above it."""
        return self._bases.get(id(schema), "")

    def has(self, schema: object) -> bool:
        """Whether a schema is a part of this document, so that it lives as long as the document."""
        return id(schema) in self._bases

    def resolve(self, reference: str, base: str) -> object:
        """The schema that a reference names. Raises UnresolvedError."""
        uri, fragment = urldefrag(_joined(base, reference))
        fragment = unquote(fragment)
        if uri not in self._resources:
            raise UnresolvedError(reference, remote=True)
        if fragment and not fragment.startswith("/"):
            if f"{uri}#{fragment}" not in self._anchors:
                raise UnresolvedError(reference, remote=False)
            return self._anchors[f"{uri}#{fragment}"]
        try:
            target = look_up(self._resources[uri], steps_of(fragment))
        except (LookupError, ValueError) as error:
            raise UnresolvedError(reference, remote=False) from error
        if isinstance(target, dict) and id(target) not in self._bases:
            # A schema at a place that no keyword makes one, such as `#/components/x`.
            self._bases[id(target)] = uri
        return target

    def _index(self) -> None:
        id_keyword = "id" if self.draft is Draft.DRAFT_4 else "$id"
        pending: list[tuple[object, str]] = [(self.root, "")]
        while pending:
            node, base = pending.pop()
            if not isinstance(node, dict):
                continue
            own = node.get(id_keyword)
            if isinstance(own, str) and not (self.draft <= Draft.DRAFT_7 and "$ref" in node):
                uri, fragment = urldefrag(_joined(base, own))
                if fragment:
                    self._anchors[f"{uri}#{fragment}"] = node
                else:
                    base = uri
                    self._resources.setdefault(uri, node)
            self._bases[id(node)] = base
            if self.draft >= Draft.DRAFT_2019_09 and isinstance(anchor := node.get("$anchor"), str):
                self._anchors[f"{base}#{anchor}"] = node
            if self.draft is Draft.DRAFT_2020_12 and isinstance(anchor := node.get("$dynamicAnchor"), str):
                self._anchors[f"{base}#{anchor}"] = node
                self.dynamic_anchors[anchor] = self.dynamic_anchors.get(anchor, 0) + 1
            pending.extend((child, base) for _, child in children(node))
        # A root with an `$id` can still be called by its empty URI, as contracts do with "#/$defs/…".
        self._resources[""] = self.root


def _joined(base: str, reference: str) -> str:
    """A reference read against a base. The library's own join loses bases such as `urn:uuid:…` before a fragment."""
    return base + reference if reference.startswith("#") else urljoin(base, reference)
