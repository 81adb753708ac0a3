import os
import stat

import pytest

from fsquota.tree import FIRST_FREE_NUMBER, ROOT_NUMBER, FolderTotal, Tree


def found(mode: int, *, number: int, byte_size: int = 0) -> os.stat_result:
    times = {"st_atime_ns": 0, "st_mtime_ns": 0, "st_ctime_ns": 0}
    return os.stat_result((mode, number, 0, 1, 0, 0, byte_size, 0, 0, 0), {"st_rdev": 0, **times})


def folder(number: int) -> os.stat_result:
    return found(stat.S_IFDIR | 0o755, number=number)


def file(number: int, byte_size: int = 0) -> os.stat_result:
    return found(stat.S_IFREG | 0o644, number=number, byte_size=byte_size)


def test_an_inode_has_its_backing_number_unless_that_is_taken() -> None:
    tree = Tree(folder(2))
    assert tree.root.number == ROOT_NUMBER
    assert tree.add(tree.root, b"a", file(10)).number == 10
    assert tree.add(tree.root, b"b", file(10)).number == FIRST_FREE_NUMBER + 1
    assert tree.add(tree.root, b"c", file(ROOT_NUMBER)).number == FIRST_FREE_NUMBER + 2


def test_an_inode_stays_while_it_has_a_name_a_handle_or_the_kernels_attention() -> None:
    tree = Tree(folder(2))
    inode = tree.add(tree.root, b"a", file(10))
    inode.opens = inode.lookups = 1
    tree.remove_name(tree.root, b"a")
    for release in ("opens", "lookups"):
        tree.drop_if_unused(inode)
        assert tree.inode(10) is inode
        setattr(inode, release, 0)
    tree.drop_if_unused(inode)
    with pytest.raises(OSError, match="no inode has the number 10"):
        tree.inode(10)


def test_additional_names_are_counted_as_they_come_and_go() -> None:
    tree = Tree(folder(2))
    inode = tree.add(tree.root, b"a", file(10))
    tree.add_name(inode, tree.root, b"b")
    tree.add_name(inode, tree.root, b"c")
    assert tree.extra_names == 2
    for name in (b"a", b"b", b"c"):
        tree.remove_name(tree.root, name)
    assert tree.extra_names == 0


def test_a_path_leads_from_the_root_and_is_none_below_a_removed_folder() -> None:
    tree = Tree(folder(2))
    outer = tree.add(tree.root, b"outer", folder(3))
    inner = tree.add(outer, b"inner", folder(4))
    assert tree.path(inner, b"file") == b"outer/inner/file"
    tree.remove_name(outer, b"inner")
    assert tree.path(inner, b"file") is None


def test_folder_totals_hold_all_below_and_count_a_linked_file_once() -> None:
    tree = Tree(folder(2))
    outer = tree.add(tree.root, b"outer", folder(3))
    inner = tree.add(outer, b"inner", folder(4))
    inode = tree.add(inner, b"file", file(5, byte_size=5000))
    tree.add_name(inode, outer, b"link")
    tree.add(tree.root, b"top", file(6, byte_size=1))
    assert tree.folder_totals() == [FolderTotal(outer, 8192, 3), FolderTotal(inner, 8192, 2)]
