"""Whole episodes in this process for learners: which task, how much money, what came of it.

    tasks      which task comes next: more of what fails, never none of what succeeds
    budgets    B(task) = alpha x median reference cost of the task's template
    shares     which nodes of a plan are the learner's, and at which tier
    leads      how far a guide leads into a node before the learner takes over
    episode    one world, one browser, one ledger, one verdict
    outcome    what an episode came to: the one record for learner, evaluator and screen

Nothing here knows which sites there are, or imports torch.
"""
