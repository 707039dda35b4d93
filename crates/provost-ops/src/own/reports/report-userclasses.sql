-- Accounts by how they log in, their language, and whether they are suspended
select auth, lang, suspended, count(*) as accounts
  from {user}
 where deleted = 0 and username <> 'guest'
 group by auth, lang, suspended
 order by accounts desc, auth, lang, suspended
