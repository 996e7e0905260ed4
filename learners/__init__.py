"""P3O, PPO-Lagrangian and MACPO on any vectorised constrained environment; the web is one of many.

    contract        what an environment looks like: shapes, units, limits (numpy only)
    train           learners.train(algorithm, make_env, config) -> Trained(policy, history)

Names are loaded when they are asked for, so that an environment can import the contract without
torch.
"""
