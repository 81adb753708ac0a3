import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fsquota.ledger import BLOCK_BYTES, Full, Ledger, LimitBelowUse, Usage, charged_bytes


@pytest.mark.parametrize(
    ("byte_size", "charge"), [(0, 0), (1, 4096), (4095, 4096), (4096, 4096), (4097, 8192), (1 << 40, 1 << 40)]
)
def test_content_is_charged_by_whole_blocks(byte_size: int, charge: int) -> None:
    assert charged_bytes(byte_size) == charge


def test_a_charge_that_does_not_fit_charges_nothing_and_names_the_numbers() -> None:
    ledger = Ledger(limit_bytes=8192, limit_files=1, used_bytes=4096)
    with pytest.raises(Full, match="8192 bytes and 0 files more do not fit: 4096 of 8192 bytes and 0 of 1") as refused:
        ledger.charge(8192)
    assert (refused.value.needed_bytes, refused.value.usage) == (8192, Usage(4096, 8192, 0, 1))
    assert ledger.usage == Usage(4096, 8192, 0, 1)


def test_a_limit_on_files_refuses_the_one_too_many() -> None:
    ledger = Ledger(limit_bytes=8192, limit_files=1)
    ledger.charge(0, files=1)
    with pytest.raises(Full):
        ledger.charge(4096, files=1)
    assert ledger.usage == Usage(0, 8192, 1, 1)


def test_a_limit_that_ends_within_a_block_is_used_up_to_its_last_whole_block() -> None:
    ledger = Ledger(limit_bytes=10_000, limit_files=1)
    assert ledger.free_bytes == 8192
    assert ledger.largest_size(1) == 4096 + 8192
    ledger.charge(8192)
    with pytest.raises(Full):
        ledger.charge(4096)


def test_a_charge_is_given_back_when_what_it_paid_for_fails() -> None:
    ledger = Ledger(limit_bytes=8192, limit_files=2)
    with pytest.raises(OSError), ledger.charged(4096, files=1):
        assert ledger.usage == Usage(4096, 8192, 1, 2)
        raise OSError
    assert ledger.usage == Usage(0, 8192, 0, 2)


def test_what_began_above_its_limit_may_shrink_but_not_grow() -> None:
    ledger = Ledger(limit_bytes=4096, limit_files=1, used_bytes=12288, used_files=3)
    with pytest.raises(Full):
        ledger.charge(4096)
    with pytest.raises(Full):
        ledger.charge(0, files=1)
    assert (ledger.free_bytes, ledger.free_files) == (0, 0)
    ledger.charge(0)
    ledger.release(12288, files=3)
    ledger.charge(4096, files=1)


def test_a_limit_below_the_use_is_refused_and_changes_nothing() -> None:
    ledger = Ledger(limit_bytes=8192, limit_files=4, used_bytes=8192, used_files=2)
    with pytest.raises(LimitBelowUse, match="8191 bytes and 4 files are below the use of 8192 bytes and 2 files"):
        ledger.resize(limit_bytes=8191, limit_files=4)
    with pytest.raises(LimitBelowUse):
        ledger.resize(limit_bytes=8192, limit_files=1)
    assert ledger.usage == Usage(8192, 8192, 2, 4)


def test_what_is_above_its_limit_may_be_given_a_higher_one_that_is_still_too_low() -> None:
    ledger = Ledger(limit_bytes=4096, limit_files=1, used_bytes=12288)
    ledger.resize(limit_bytes=8192, limit_files=2)
    assert ledger.usage == Usage(12288, 8192, 0, 2)


@given(byte_size=st.integers(0, 1 << 30), free_blocks=st.integers(0, 1000), rest=st.integers(0, BLOCK_BYTES - 1))
def test_a_file_can_grow_to_its_largest_size_and_not_by_a_byte_more(
    byte_size: int, free_blocks: int, rest: int
) -> None:
    used = charged_bytes(byte_size)
    ledger = Ledger(limit_bytes=used + free_blocks * BLOCK_BYTES + rest, limit_files=1, used_bytes=used)
    largest = ledger.largest_size(byte_size)
    with pytest.raises(Full):
        ledger.charge(charged_bytes(largest + 1) - used)
    ledger.charge(charged_bytes(largest) - used)
    assert ledger.used_bytes <= ledger.limit_bytes


class LedgerMachine(RuleBasedStateMachine):
    """Charges and releases in any order against the plain sum of what is held."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(limit_bytes=10 * BLOCK_BYTES, limit_files=5)
        self.held: list[tuple[int, int]] = []

    @rule(blocks=st.integers(0, 6), files=st.integers(0, 2), fails=st.booleans())
    def charge(self, blocks: int, files: int, fails: bool) -> None:
        before = self.ledger.usage
        try:
            with self.ledger.charged(blocks * BLOCK_BYTES, files=files):
                if fails:
                    raise OSError
        except (Full, OSError):
            assert self.ledger.usage == before
        else:
            self.held.append((blocks * BLOCK_BYTES, files))

    @rule(position=st.integers(0, 100))
    def release(self, position: int) -> None:
        if self.held:
            size_bytes, files = self.held.pop(position % len(self.held))
            self.ledger.release(size_bytes, files=files)

    @rule(blocks=st.integers(0, 20), files=st.integers(0, 10))
    def resize(self, blocks: int, files: int) -> None:
        before = self.ledger.usage
        try:
            self.ledger.resize(limit_bytes=blocks * BLOCK_BYTES, limit_files=files)
        except LimitBelowUse:
            assert self.ledger.usage == before

    @invariant()
    def the_use_is_what_is_held_and_within_the_limits(self) -> None:
        usage = self.ledger.usage
        assert usage.used_bytes == sum(size_bytes for size_bytes, _ in self.held)
        assert usage.used_files == sum(files for _, files in self.held)
        assert usage.used_bytes <= usage.limit_bytes
        assert usage.used_files <= usage.limit_files


TestLedger = LedgerMachine.TestCase
