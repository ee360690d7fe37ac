"""Reading and following logs."""

from deploy.local.logs import Follower, last_lines


def test_follower_sees_what_is_written_after_it_began(tmp_path):
    """Whole lines only, each once, with its name; a file that appears later is followed from its beginning."""
    (tmp_path / "a").write_text("old\n")
    follower = Follower({"a": tmp_path / "a", "b": tmp_path / "b"})
    assert list(follower.poll()) == []
    with (tmp_path / "a").open("a") as log:
        log.write("new\nhal")
    (tmp_path / "b").write_text("first\n")
    assert list(follower.poll()) == [("a", "new"), ("b", "first")]
    with (tmp_path / "a").open("a") as log:
        log.write("f\n")
    assert list(follower.poll()) == [("a", "half")]
    follower.close()


def test_follower_goes_on_after_a_rotation(tmp_path):
    """What was written just before and just after the rotation arrives."""
    log = tmp_path / "a"
    log.write_text("")
    follower = Follower({"a": log})
    with log.open("a") as file:
        file.write("before\n")
    log.rename(tmp_path / "a.1")
    log.write_text("after\n")
    seen = [*follower.poll(), *follower.poll()]
    assert seen == [("a", "before"), ("a", "after")]
    follower.close()


def test_last_lines_of_a_file_that_is_not_there(tmp_path):
    """No log, no lines, no error."""
    assert last_lines(tmp_path / "none") == []
