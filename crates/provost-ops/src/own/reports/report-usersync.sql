-- Accounts of the sites side by side, to see who has one where
-- param like text = %: Only user names like this; `%` stands for anything
select username, email, idnumber, auth, suspended
  from {user}
 where deleted = 0 and username <> 'guest' and username like :like
 order by username
