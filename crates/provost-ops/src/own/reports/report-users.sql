-- Accounts: how many there are, and how many were used
-- param now time = now: The time from which days are counted
select count(*) as accounts,
       sum(case when suspended = 1 then 1 else 0 end) as suspended,
       sum(case when confirmed = 0 then 1 else 0 end) as unconfirmed,
       sum(case when lastaccess = 0 then 1 else 0 end) as never_here,
       sum(case when lastaccess > :now - 86400 then 1 else 0 end) as within_a_day,
       sum(case when lastaccess > :now - 7 * 86400 then 1 else 0 end) as within_7_days,
       sum(case when lastaccess > :now - 30 * 86400 then 1 else 0 end) as within_30_days,
       sum(case when lastaccess > :now - 365 * 86400 then 1 else 0 end) as within_a_year
  from {user}
 where deleted = 0 and username <> 'guest'
