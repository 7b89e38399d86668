"""One line with values in it -> its form: the words that stay, and a star for those that change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

STAR = "*"
# No word holds white space, so these are no words.
_END, _ANY = "\n", "\t"
_LEAST = 3
_HEAVY_SHARE = 0.05
_HEAVY_BY_OTHERS = 10
_LEAST_SURVIVING = 0.3
_MOST_WORDS = 1500
_LIKE_VALUES = 4
_LOOKED_AT = 40
_AHEAD = 6
_WORDS_HELD_TOGETHER = 200
# What somebody is told to be says what the prompt is for: never a value.
_ROLE = frozenset({("are", "a"), ("are", "an"), ("are", "the")})


class WordTree:
    """
    The words that lines go on with, as a tree; where they go on with anything, a star.

    Args:
        branches: As `branches` gave them; none for an empty tree.
    """

    __slots__ = ("branches",)

    def __init__(self, branches: dict[str, dict[str, int]] | None = None) -> None:
        self.branches = branches or {}

    def form(self, line: str) -> str:
        """
        The line with a star for each run of words that change; empty where too few stay.

        At least 30 % of its words must stay.
        """
        node, kept, stars, last_star = "0", [], 0, False
        words = line.split()[:_MOST_WORDS]
        for word in words:
            children = self.branches.get(node)
            if children is None:
                return ""
            step = children.get(word)
            if step is not None:
                kept.append(word)
                last_star = False
            else:
                step = children.get(_ANY)
                if step is None:
                    return ""
                stars += 1
                if not last_star:
                    kept.append(STAR)
                last_star = True
            node = str(step)
        ends = self.branches.get(node)
        if ends is None or _END not in ends:
            return ""
        return " ".join(kept) if len(words) - stars >= _LEAST_SURVIVING * len(words) else ""

    def pruned(self, forms: Iterable[str]) -> dict[str, dict[str, int]]:
        """
        The branches without any word that is in none of these forms.

        >>> tree = grow([f"Is {name} in?" for name in "Ann Bob Cyd Dan Eve".split()])
        >>> WordTree(tree.pruned([])).form("Is Zoe in?"), WordTree(tree.pruned(["Is * in?"])).form(
        ...     "Is Zoe in?")
        ('', 'Is * in?')
        """
        held: dict[str, dict[str, int]] = {}
        for form in forms:
            words = [*form.split(), _END]
            waiting = [("0", 0)]
            seen = set(waiting)
            while waiting:
                node, at = waiting.pop()
                for word, step, following in self._steps(node, words, at):
                    held.setdefault(node, {})[word] = step
                    ahead = (str(step), following)
                    if word != _END and ahead not in seen:
                        seen.add(ahead)
                        waiting.append(ahead)
        return held

    def _steps(self, node: str, words: Sequence[str], at: int) -> Iterator[tuple[str, int, int]]:
        """Where a form may go on from a node; a star stands for as many words as there are."""
        children = self.branches.get(node, {})
        word = words[at]
        if word in children:
            yield word, children[word], at + 1
        if _ANY in children and (word == STAR or (at > 0 and words[at - 1] == STAR)):
            # The star itself, or one word more that it stands for.
            yield _ANY, children[_ANY], at + 1 if word == STAR else at


def grow(lines: Iterable[str]) -> WordTree:
    """
    Learn the tree from distinct lines that are each too rare to be a template's own.

    At a place where most words seen are rare ones, anything may stand: words that are not far
    more frequent than the others become the star. Where every word seen is frequent, each is
    kept: there the lines are different ones, not one with a value in it.

    >>> tree = grow([f"The user is {name} today." for name in "Ann Bob Cyd Dan Eve".split()])
    >>> tree.form("The user is Zoe today.")
    'The user is * today.'
    """
    rows = [line.split()[:_MOST_WORDS] for line in lines]
    branches: dict[str, dict[str, int]] = {}
    waiting = [(0, [(row, 0) for row in range(len(rows))])]
    made = 1
    while waiting:
        node, places = waiting.pop()
        heavy, others = _parted(rows, places)
        children = branches.setdefault(str(node), {})
        if any(at >= len(rows[row]) for row, at in places):
            children[_END] = 0
        for word, going in heavy.items():
            children[word] = made
            waiting.append((made, going))
            made += 1
        if len(others) >= _LEAST:
            children[_ANY] = made
            waiting.append((made, others))
            made += 1
    return WordTree(branches)


def _parted(
    rows: Sequence[Sequence[str]], places: list[tuple[int, int]]
) -> tuple[dict[str, list[tuple[int, int]]], list[tuple[int, int]]]:
    """Lines by the word they go on with, where that word stays; and all the others, one on."""
    going: dict[str, list[tuple[int, int]]] = {}
    for row, at in places:
        if at < len(rows[row]):
            going.setdefault(rows[row][at], []).append((row, at + 1))
    least = _heavy_from(Counter({word: len(found) for word, found in going.items()}))
    heavy = {word: found for word, found in going.items() if len(found) >= least}
    if heavy:
        for word in _interchangeable(rows, going) & heavy.keys():
            del heavy[word]
    others = [place for word, found in going.items() if word not in heavy for place in found]
    return heavy, others


def _interchangeable(
    rows: Sequence[Sequence[str]], going: Mapping[str, list[tuple[int, int]]]
) -> set[str]:
    """Words after which at least four lines go on the same: values, however frequent each is."""
    if len(going) < _LIKE_VALUES:
        return set()
    alike: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    most = sorted(going, key=lambda word: (-len(going[word]), word))[:_WORDS_HELD_TOGETHER]
    for word in most:
        places = going[word]
        looked_at = places[:: max(1, len(places) // _LOOKED_AT)]
        following: Counter[tuple[str, ...]] = Counter()
        for row, at in looked_at:
            if tuple(rows[row][max(0, at - 3) : at - 1])[-2:] in _ROLE:
                continue
            ahead = (*rows[row][at : at + _AHEAD], *([_END] * 3))[: _AHEAD + 2]
            following.update({ahead[i : i + 3] for i in range(len(ahead) - 2)})
        for three, count in following.items():
            if 2 * count >= len(looked_at):
                alike[three].add(word)
    return {word for words in alike.values() if len(words) >= _LIKE_VALUES for word in words}


def _heavy_from(counts: Counter[str]) -> float:
    sizes = sorted(counts.values())
    if not sizes:
        return _LEAST
    rare = sum(1 for size in sizes if size < _LEAST)
    if 2 * rare < len(sizes):
        return _LEAST
    usual = sizes[(3 * len(sizes)) // 4]
    return max(_LEAST, min(_HEAVY_SHARE * sum(sizes), _HEAVY_BY_OTHERS * usual))
