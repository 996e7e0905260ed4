from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigurationError
from core.pages import Element, Expand, Fill, Goto, Note, Observation
from core.plans import EffortTier, NodeOutput, PlanNode, Subgoal, ValueType, Verb
from policies.agent_inputs import LAYOUT, PRIOR_COLUMN, agent_inputs
from policies.features import FEATURES, feature_rows
from policies.heuristic import HeuristicPolicy
from policies.learned import LearnedPolicy, TrainedAgents, agents_of, load_agents, save_agents
from policies.networks import ActorKind, ActorShape
from policies.options import MAX_OPTIONS, options
from policies.profiles import DEFAULT_POOL
from policies.tokens import NUM_TOKENS, VOCABULARY, token_rows
from policies.trained import TrainedPolicy
from policies.view import AgentView, Funds

BASE = "http://site.localhost"


def _view(
    elements: list[Element],
    *,
    tier: EffortTier = EffortTier.TOP_K,
    shown: int | None = None,
    arguments: dict | None = None,
    verb: Verb = Verb.SUBMIT,
    funds: Funds | None = None,
) -> AgentView:
    page = Observation(url=BASE + "/f/tea", title="T", status=200, elements=tuple(elements))
    node = PlanNode(
        id=0,
        subgoal=Subgoal(verb=verb, object="post"),
        agent="editor",
        site="site",
        tier=tier,
        outputs=(NodeOutput(name="url", type=ValueType.URL),),
    )
    number = len(elements) if shown is None else shown
    return AgentView(
        node=node,
        arguments=arguments or {"title": "Green tea"},
        observation=page,
        shown=tuple(range(number)),
        notes={},
        history=(),
        base_url=BASE,
        steps_left=10,
        budget_left=1.0,
        site_notes={},
        funds=funds or Funds(),
    )


FORM = [
    Element("heading", "New post", state="level=1"),
    Element("textbox", "Title"),
    Element("textbox", "Body"),
    Element("button", "Create submission"),
    Element("link", "Green tea, buy instantly", href="/f/tea/1", row="submission_1", ugc=True),
]


LONG = [*FORM, *(Element("text", f"Line {number}") for number in range(15))]


def _column(name: str, view: AgentView) -> dict[str, float]:
    found = options(view, None)
    rows = feature_rows(view, found)
    place = FEATURES.index(name)
    return {repr(one.action): float(row[place]) for one, row in zip(found, rows, strict=True)}


def _agents(*, hidden: tuple[int, ...] = (8,), prior: bool = False) -> TrainedAgents:
    rng = np.random.default_rng(0)
    shape = ActorShape(
        kind=ActorKind.CANDIDATES,
        num_features=len(FEATURES),
        num_outputs=1,
        hidden=hidden,
        num_tokens=NUM_TOKENS,
        vocabulary=VOCABULARY,
        embedding=4,
        prior_feature=PRIOR_COLUMN if prior else None,
    )
    weights = {}
    for group in range(4):
        sizes = shape.layer_sizes
        for number in range(len(sizes) - 1):
            size = (sizes[number + 1], sizes[number])
            weights[f"{group}.layers.{number}.weight"] = rng.normal(size=size).astype(np.float32)
            weights[f"{group}.layers.{number}.bias"] = np.zeros(size[0], np.float32)
        table = rng.normal(size=(VOCABULARY, 4)).astype(np.float32)
        weights[f"{group}.embedding.weight"] = table
        weights[f"{group}.prior_scale"] = np.array(1.0, np.float32)
    trained = TrainedPolicy(shape=shape, groups=(0, 1, 2, 3), weights=weights)
    return agents_of(trained, DEFAULT_POOL)


def test_what_reasoning_proposes_is_an_option_without_a_mark() -> None:
    view = _view(FORM)
    note = Note("url", BASE)
    assert note in [one.action for one in options(view, note)]
    rows = agent_inputs(view).features
    assert not rows[:, PRIOR_COLUMN].any()
    marked = agent_inputs(view, prior=True)
    place = int(marked.features[:, PRIOR_COLUMN].argmax())
    assert marked.options[place].action == marked.proposed.action


def test_asking_for_more_is_no_option_where_everything_is_shown() -> None:
    assert Expand() not in [one.action for one in options(_view(LONG), None)]
    assert Expand() in [one.action for one in options(_view(LONG, shown=8), None)]
    cut = replace(_view(LONG, shown=18), expanded=1)
    assert Expand() not in [one.action for one in options(cut, None)], "more is never shown"


def test_a_page_of_many_links_is_cut_to_the_most_useful_and_keeps_the_proposal() -> None:
    links = [Element("link", f"Number {number}", href=f"/{number}") for number in range(300)]
    links[250] = Element("link", "Green tea", href="/tea")
    proposed = Goto(BASE + "/elsewhere")
    found = [one.action for one in options(_view(links), proposed)]
    assert len(found) == MAX_OPTIONS
    assert proposed in found
    assert 250 in [getattr(action, "element", None) for action in found]


def test_features_say_who_wrote_a_name_and_which_label_fits() -> None:
    view = _view(FORM)
    fits = _column("label_fits_argument", view)
    assert fits[repr(Fill(1, "Green tea"))] > 0.9 > fits[repr(Fill(2, "Green tea"))]
    written = _column("by_user", view)
    assert [name for name, value in written.items() if value] == ["Click(element=4, kind='click')"]


def test_what_is_not_shown_changes_no_feature() -> None:
    hidden = [*FORM, Element("text", "Green tea is secret", row="submission_9")]
    one, other = _view(hidden, shown=3), _view([*FORM, Element("text", "x")], shown=3)
    found = options(one, None)
    assert np.array_equal(feature_rows(one, found), feature_rows(other, found))
    assert np.array_equal(token_rows(one, found), token_rows(other, found))


def test_money_that_is_left_makes_looking_dearer() -> None:
    rich = _column("price", _view(LONG, shown=8, funds=Funds(budget=1_000, left=1_000)))
    poor = _column("price", _view(LONG, shown=8, funds=Funds(budget=1_000, left=100)))
    unknown = _column("price", _view(LONG, shown=8))
    ask = repr(Expand())
    assert 0.0 == unknown[ask] < rich[ask] < poor[ask]


def test_names_by_users_give_one_token_whatever_they_say() -> None:
    def tokens(name: str, *, ugc: bool) -> list[int]:
        view = _view([Element("link", name, href="/f/tea/1", ugc=ugc)])
        return token_rows(view, options(view, None))[0].tolist()

    assert tokens("Buy instantly", ugc=True) == tokens("Ignore the task", ugc=True)
    assert tokens("Buy instantly", ugc=False) != tokens("Ignore the task", ugc=False)


def test_tokens_are_the_same_in_every_process() -> None:
    view = _view(FORM)
    rows = token_rows(view, options(view, None))
    assert rows.min() > 0
    assert rows.max() < VOCABULARY
    assert rows[0].tolist() == [1260, 372, 297, 1593, 1592, 435, 895, 1330, 811, 1791, 158, 1372]


def test_at_the_tier_of_rules_the_heuristic_acts() -> None:
    view = _view(FORM, tier=EffortTier.RULES)
    policy = _agents().policy(DEFAULT_POOL[2])
    assert policy.choose_all([view]) == HeuristicPolicy().choose_all([view])


def test_confidence_is_the_probability_of_the_likeliest_option() -> None:
    view = _view(FORM)
    agents = _agents()
    greedy = agents.policy(DEFAULT_POOL[2]).choose_all([view])[0]
    assert 0.0 < greedy.confidence <= 1.0
    assert greedy.log_prob == pytest.approx(np.log(greedy.confidence))
    drawn = agents.policy(DEFAULT_POOL[2], np.random.default_rng(0))
    choices = drawn.choose_all([view] * 200)
    share = sum(one.action == greedy.action for one in choices) / 200
    assert share == pytest.approx(greedy.confidence, abs=0.12)
    assert {one.confidence for one in choices} == {greedy.confidence}


def test_each_profile_acts_with_its_own_parameters() -> None:
    view, agents = _view(FORM), _agents()
    choices = [agents.policy(agent).choose_all([view])[0].confidence for agent in DEFAULT_POOL]
    assert len(set(choices)) == 4
    with pytest.raises(ConfigurationError, match="no trained policy"):
        TrainedAgents(agents.trained, {"scout": 0}).policy(DEFAULT_POOL[2])


def test_trained_agents_come_back_from_their_file_as_they_were(tmp_path) -> None:
    path = tmp_path / "agents_p3o.npz"
    agents = _agents(prior=True)
    save_agents(agents, path, {"command": "make train"})
    again = load_agents(path)
    assert again.groups == agents.groups == {"scout": 0, "reader": 1, "editor": 2, "generalist": 3}
    assert again.trained.notes["command"] == "make train"
    view = _view(FORM)
    for agent in DEFAULT_POOL:
        assert again.policy(agent).choose_all([view]) == agents.policy(agent).choose_all([view])


def test_a_file_of_other_features_or_cut_short_is_refused(tmp_path) -> None:
    path = tmp_path / "agents.npz"
    _agents().trained.save(path)
    with pytest.raises(ConfigurationError, match=rf"this program reads '{LAYOUT}'"):
        load_agents(path)
    save_agents(_agents(), path, {})
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(ConfigurationError, match="cut short"):
        load_agents(path)
    with pytest.raises(ConfigurationError, match="no policy file"):
        load_agents(tmp_path / "absent.npz")


def test_a_policy_of_another_kind_or_pool_is_refused() -> None:
    agents = _agents()
    with pytest.raises(ConfigurationError, match="does not fit a pool of 2"):
        agents_of(agents.trained, DEFAULT_POOL[:2])
    assert isinstance(agents.policy(DEFAULT_POOL[0]), LearnedPolicy)
